//! Values with their intervals, and how often what came.

use std::fmt::Write;

use super::axis::Axis;
use super::escape;

/// Pixels.
const WIDTH: f64 = 680.0;
const LABELS: f64 = 190.0;
const ROW: f64 = 24.0;
const AXIS: f64 = 26.0;
/// Bars of a histogram at most.
const BARS: usize = 24;

/// A value, and between what it is.
pub(crate) struct Interval {
    pub(crate) label: String,
    pub(crate) value: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// A dot with its interval for each; ends that are endless reach to the edge. `unit` is said at the axis.
pub(crate) fn intervals(title: &str, unit: &str, rows: &[Interval]) -> String {
    let ends = rows.iter().flat_map(|row| [row.low, row.high, row.value]);
    let axis = Axis::of(ends.filter(|end| end.is_finite()));
    let height = ROW * rows.len() as f64 + AXIS;
    let mut svg = open(title, height);
    grid(&axis, &mut svg, unit, height);
    for (n, Interval { label, value, low, high }) in rows.iter().enumerate() {
        let y = ROW * (n as f64 + 0.5);
        let (value, low, high) = (x(&axis, *value), x(&axis, *low), x(&axis, *high));
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <path class=\"line\" d=\"M{low:.1} {y:.1}H{high:.1}M{low:.1} {:.1}v8M{high:.1} {:.1}v8\"/>\
             <circle class=\"dot\" cx=\"{value:.1}\" cy=\"{y:.1}\" r=\"4\"/>",
            LABELS - 12.0,
            y + 4.0,
            escape(&short(label)),
            y - 4.0,
            y - 4.0,
        );
    }
    svg + "</svg>\n"
}

/// How many of the values lie where.
pub(crate) fn histogram(title: &str, unit: &str, values: &[f64]) -> String {
    let axis = Axis::of(values.iter().copied());
    let width = (axis.high - axis.low) / BARS as f64;
    let mut counts = [0u32; BARS];
    for value in values {
        let bar = ((value - axis.low) / width) as usize;
        counts[bar.min(BARS - 1)] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let (tall, height) = (120.0, 120.0 + AXIS);
    let mut svg = open(title, height);
    grid(&axis, &mut svg, unit, height);
    for (n, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let from = x(&axis, axis.low + n as f64 * width);
        let to = x(&axis, axis.low + (n + 1) as f64 * width);
        let bar = (tall - 8.0) * f64::from(*count) / f64::from(most);
        let _ = write!(
            svg,
            "<rect class=\"bar\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{bar:.1}\"/>",
            from + 0.5,
            tall - bar,
            (to - from - 1.0).max(1.0),
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{:.1}\" y=\"14\" text-anchor=\"end\">up to {most}</text>",
        LABELS - 12.0
    );
    svg + "</svg>\n"
}

fn open(title: &str, height: f64) -> String {
    format!(
        "<svg role=\"img\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\">\
         <title>{}</title>",
        escape(title)
    )
}

/// Labels have room for so many letters.
fn short(label: &str) -> String {
    match label.chars().count() > 26 {
        true => label.chars().take(25).chain(['…']).collect(),
        false => label.to_owned(),
    }
}

fn x(axis: &Axis, value: f64) -> f64 {
    LABELS + axis.share(value) * (WIDTH - LABELS - 30.0)
}

fn grid(axis: &Axis, svg: &mut String, unit: &str, height: f64) {
    let lines = axis.grid();
    let last = lines.len() - 1;
    for (n, (value, word)) in lines.into_iter().enumerate() {
        let (x, bottom) = (x(axis, value), height - AXIS);
        let unit = if n == last { unit } else { "" };
        let _ = write!(
            svg,
            "<path class=\"grid\" d=\"M{x:.1} 0V{bottom:.1}\"/><text x=\"{x:.1}\" y=\"{:.1}\" \
             text-anchor=\"middle\">{word}{unit}</text>",
            height - 8.0,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_hold_on_to_their_edges() {
        let row =
            |label: &str, value, low, high| Interval { label: label.into(), value, low, high };
        let svg = intervals(
            "a < b",
            " %",
            &[row("hunter & co", 80.0, 70.0, f64::INFINITY), row("x", 5.0, f64::NEG_INFINITY, 9.0)],
        );
        assert!(
            svg.contains("<title>a &lt; b</title>") && svg.contains("hunter &amp; co"),
            "{svg}"
        );
        assert!(svg.contains("100 %") || svg.contains("80 %"), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        for values in [&[][..], &[7.0], &[1e-9, 2e-9], &[-3.0, 1e12]] {
            let svg = histogram("h", "", values);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
        assert_eq!(short(&"ä".repeat(40)).chars().count(), 26);
    }
}
