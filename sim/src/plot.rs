//! Lines over a common axis as SVG, for pages that need nothing but themselves.

use std::fmt::Write;

/// Pixels: the whole, and what is left free at each side.
const WIDTH: f64 = 680.0;
const HEIGHT: f64 = 200.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 34.0;
/// Colours that people tell apart who do not see all of them, after Okabe and Ito.
const COLOURS: [&str; 4] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];

/// What one of these pages looks like.
const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:720px;margin:2rem \
    auto;padding:0 1rem;color:#1a1a1a;background:#fff}table{border-collapse:collapse}td,th{padding:\
    .15rem .8rem .15rem 0;text-align:left;vertical-align:top}figure{margin:1.5rem 0}svg{max-width:\
    100%;height:auto}svg text{font:12px system-ui,sans-serif;fill:currentColor}.grid{stroke:#ddd}\
    .mark{stroke:#888;stroke-dasharray:4 3}.bad{color:#b00020}@media(prefers-color-scheme:dark){\
    body{color:#e6e6e6;background:#161616}.grid{stroke:#3a3a3a}.bad{color:#ff7b8a}}";

/// A whole page around a body.
pub(crate) fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{}</title><style>{STYLE}</style>\n{body}</html>\n",
        escape(title)
    )
}

/// A line through points; a point that is not a number is left out, and the line with it.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<(f64, f64)>,
}

/// A picture.
pub(crate) struct Plot<'a> {
    pub(crate) title: &'a str,
    /// What stands at the axes.
    pub(crate) x: &'a str,
    pub(crate) y: &'a str,
    pub(crate) lines: Vec<Line>,
    /// Points are drawn, too: where they are few and stand for themselves.
    pub(crate) dots: bool,
    /// Values at which a line goes across.
    pub(crate) marks: Vec<f64>,
}

impl Plot<'_> {
    /// As a figure with its title and what line is what; nothing without points.
    pub(crate) fn figure(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| &line.points).filter(|p| finite(p));
        if points().count() == 0 {
            return String::new();
        }
        let left = points().map(|p| p.0).fold(f64::INFINITY, f64::min).min(0.0);
        let right = points().map(|p| p.0).fold(left + 1e-9, f64::max);
        let values = points().map(|p| p.1).chain(self.marks.iter().copied());
        let (step, top) = scale(values.fold(0.0, f64::max));
        let x = |value: f64| LEFT + (value - left) / (right - left) * (WIDTH - LEFT - RIGHT);
        let y = |value: f64| HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM);
        let mut svg = format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
            escape(self.title)
        );
        for n in 0..=(top / step).round() as u32 {
            let value = f64::from(n) * step;
            let at = y(value);
            let _ = write!(
                svg,
                "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{}\"/><text x=\"{}\" y=\"{:.1}\" \
                 text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 4.0,
                number(value)
            );
        }
        for mark in &self.marks {
            let end = WIDTH - RIGHT;
            let _ = write!(svg, "<path class=\"mark\" d=\"M{LEFT} {:.1}H{end}\"/>", y(*mark));
        }
        for (line, colour) in self.lines.iter().zip(COLOURS.iter().cycle()) {
            self.draw(&mut svg, line, colour, (&x, &y));
        }
        let (base, end) = (HEIGHT - BOTTOM + 16.0, WIDTH - RIGHT);
        let _ = write!(
            svg,
            "<text x=\"{LEFT}\" y=\"{base}\">{}</text><text x=\"{end}\" y=\"{base}\" \
             text-anchor=\"end\">{} {}</text></svg>",
            number(left),
            number(right),
            escape(self.x)
        );
        let names: Vec<_> = self
            .lines
            .iter()
            .zip(COLOURS.iter().cycle())
            .map(|(line, colour)| format!("<b style=\"color:{colour}\">{}</b>", escape(line.name)))
            .collect();
        let (title, unit) = (escape(self.title), escape(self.y));
        format!(
            "<figure><figcaption>{title}, {unit}: {}</figcaption>{svg}</figure>\n",
            names.join(", ")
        )
    }

    fn draw(
        &self,
        svg: &mut String,
        line: &Line,
        colour: &str,
        (x, y): (&impl Fn(f64) -> f64, &impl Fn(f64) -> f64),
    ) {
        let mut path = String::new();
        let mut pen = 'M';
        for point in &line.points {
            if !finite(point) {
                pen = 'M';
                continue;
            }
            let (px, py) = (x(point.0), y(point.1));
            let _ = write!(path, "{pen}{px:.1} {py:.1}");
            pen = 'L';
            if self.dots {
                let _ = write!(
                    svg,
                    "<circle cx=\"{px:.1}\" cy=\"{py:.1}\" r=\"4\" fill=\"{colour}\"/>"
                );
            }
        }
        let _ = write!(
            svg,
            "<path fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" d=\"{path}\"/>"
        );
    }
}

fn finite(point: &(f64, f64)) -> bool {
    point.0.is_finite() && point.1.is_finite()
}

/// The step between lines of the grid, and where it ends, so that a value fits under it.
fn scale(most: f64) -> (f64, f64) {
    let most = most.max(1e-6);
    let mut step = 1e-6;
    // 1, 2, 5, 10, … until five of them are enough.
    for factor in [2.0, 2.5, 2.0].iter().cycle() {
        if step * 5.0 >= most {
            break;
        }
        step *= factor;
    }
    (step, (most / step).ceil() * step)
}

fn number(value: f64) -> String {
    let rounded = (value * 1000.0).round() / 1000.0;
    rounded.to_string()
}

/// Text that means nothing but itself in HTML.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_holds_every_value() {
        for most in [0.0, 0.003, 1.0, 4.9, 5.1, 73.0, 99_999.0, 3e7] {
            let (step, top) = scale(most);
            assert!(top >= most && top <= most.max(1e-6) + step, "{most}: {step} {top}");
            assert!((1..=5).contains(&((top / step).round() as u32)), "{most}: {step} {top}");
        }
    }

    #[test]
    fn a_gap_stays_a_gap_and_names_are_text() {
        let points = vec![(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, 4.0)];
        let lines = vec![Line { name: "a<b", points }];
        let plot = Plot { title: "t", x: "s", y: "ms", lines, dots: false, marks: vec![9.0] };
        let figure = plot.figure();
        assert_eq!(figure.matches('L').count(), 1, "{figure}");
        assert!(figure.contains("a&lt;b") && !figure.contains("NaN"), "{figure}");
        let none = Plot { lines: Vec::new(), ..plot };
        assert_eq!(none.figure(), "");
    }
}
