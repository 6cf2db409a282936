//! Lines over a common axis.

use std::fmt::Write;

use super::axis::Axis;
use super::escape;

/// Pixels: the whole, and what is left free at each side.
const WIDTH: f64 = 680.0;
const HEIGHT: f64 = 200.0;
const LEFT: f64 = 72.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 34.0;
/// Of the style of the page.
const COLOURS: usize = 4;

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
        let axis = Axis::from_zero(values);
        let x = |value: f64| LEFT + (value - left) / (right - left) * (WIDTH - LEFT - RIGHT);
        let y = |value: f64| HEIGHT - BOTTOM - axis.share(value) * (HEIGHT - TOP - BOTTOM);
        let mut svg = format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
            escape(self.title)
        );
        for (value, word) in axis.grid() {
            let at = y(value);
            let _ = write!(
                svg,
                "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{}\"/><text x=\"{}\" y=\"{:.1}\" \
                 text-anchor=\"end\">{word}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 4.0,
            );
        }
        for mark in &self.marks {
            let end = WIDTH - RIGHT;
            let _ = write!(svg, "<path class=\"mark\" d=\"M{LEFT} {:.1}H{end}\"/>", y(*mark));
        }
        for (line, colour) in self.lines.iter().zip((0..COLOURS).cycle()) {
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
            .zip((0..COLOURS).cycle())
            .map(|(line, colour)| format!("<b class=\"c{colour}\">{}</b>", escape(line.name)))
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
        colour: usize,
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
                    "<circle class=\"at c{colour}\" cx=\"{px:.1}\" cy=\"{py:.1}\" r=\"4\"/>"
                );
            }
        }
        let _ = write!(svg, "<path class=\"of c{colour}\" d=\"{path}\"/>");
    }
}

fn finite(point: &(f64, f64)) -> bool {
    point.0.is_finite() && point.1.is_finite()
}

fn number(value: f64) -> String {
    let rounded = (value * 1000.0).round() / 1000.0;
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

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
