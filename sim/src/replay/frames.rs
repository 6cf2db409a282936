//! `--frames`: a match as a [recording](greenroom::proto::recording) for viewers.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use greenroom::Pace;
use greenroom::proto::recording::{Head, Recorded, Recorder};
use greenroom::proto::{PlayerId, Text, Tick};
use greenroom::room::recovery::{At, Progress};

use super::ReplayError;
use super::camera::Camera;
use super::verify::Opened;
use super::walk::Walk;

/// Writes what a player saw, or all, up to a tick or to the end.
pub(super) fn run(
    opened: &Opened,
    (player, to): (Option<PlayerId>, Option<Tick>),
    out: &Path,
) -> Result<(), ReplayError> {
    let wrong = |error: std::io::Error| {
        ReplayError::Output(format!("--frames: {} cannot be written: {error}", out.display()))
    };
    let last = opened.last_tick(to)?;
    let file = BufWriter::new(File::create(out).map_err(wrong)?);
    let mut recorder = Recorder::new(file, &head(opened, player)).map_err(wrong)?;
    let made = record(opened, player, last, &mut recorder);
    let written = made.and_then(|made| {
        let mut file = recorder.finish().map_err(wrong)?;
        file.flush().map_err(wrong)?;
        Ok((made, file.get_ref().metadata().map_err(wrong)?.len()))
    });
    let (Made { frames, events_lost }, bytes) = written.inspect_err(|_| {
        // Half a recording is of no use to anybody.
        let _ = std::fs::remove_file(out);
    })?;
    println!("{}: {frames} frames up to {last}, {bytes} bytes", out.display());
    if events_lost > 0 {
        println!("{events_lost} events are left out: a frame has room for 4,096");
    }
    Ok(())
}

struct Made {
    frames: u64,
    events_lost: u64,
}

fn record(
    opened: &Opened,
    player: Option<PlayerId>,
    last: Tick,
    recorder: &mut Recorder<impl Write>,
) -> Result<Made, ReplayError> {
    let Opened { log, entry } = opened;
    let progress = Progress::default();
    let mut walk = Walk::begin(log, entry, 0, &progress)?;
    let mut camera = Camera::new(entry, player);
    let mut frames = 0;
    while walk.tick() < last
        && let Some(logged) = walk.step()?
    {
        camera.hear(walk.room(), &walk.said);
        if !walk.is_due(&logged) {
            continue;
        }
        let whole = recorder.wants_whole(walk.time_ms);
        walk.shown_to(entry, &mut camera)?;
        let body = walk.watched(At::Show, || {
            camera.sees(walk.room()).then(|| camera.body(walk.room(), whole))
        })?;
        // Before a player has a seat there is nothing to see, and after it neither.
        let Some(body) = body else { continue };
        let (tick, time_ms, events) = (walk.tick(), walk.time_ms, camera.take_events());
        let frame = Recorded { tick, time_ms, whole, events: &events, body: &body };
        recorder.frame(frame).map_err(|error| {
            ReplayError::Output(format!("--frames: the file cannot be written: {error}"))
        })?;
        frames += 1;
    }
    match (frames, player) {
        (0, Some(player)) => {
            let (tick, seated) = (walk.tick(), "others".to_owned());
            Err(ReplayError::NotSeated { player, tick, seated })
        }
        _ => Ok(Made { frames, events_lost: camera.events_lost }),
    }
}

fn head(opened: &Opened, player: Option<PlayerId>) -> Head {
    let Opened { log, entry } = opened;
    let (tick_hz, send_every) = match log.header.pace {
        Pace::Fixed { tick_hz, send_every } => (tick_hz, send_every),
        Pace::OnCommand => (0, 1),
    };
    Head {
        game: Text::cut(&log.header.game),
        version: log.header.version,
        tick_hz,
        send_every,
        viewer: player,
        schema: entry.schema.as_ref().clone(),
    }
}
