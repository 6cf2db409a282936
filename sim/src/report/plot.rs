//! Pictures as SVG: values with their intervals, and how often what came. Lines over time are those of
//! `crate::plot`.

use std::fmt::Write;

use crate::plot::escape;

/// Pixels.
const WIDTH: f64 = 680.0;
const LABELS: f64 = 190.0;
const ROW: f64 = 24.0;
const AXIS: f64 = 26.0;
/// Bars of a histogram at most.
const BARS: usize = 24;

/// A value, and between what it is.
pub(super) struct Interval {
    pub(super) label: String,
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// A dot with its interval for each; ends that are endless reach to the edge. `unit` is said at the axis.
pub(super) fn intervals(title: &str, unit: &str, rows: &[Interval]) -> String {
    let ends = rows.iter().flat_map(|row| [row.low, row.high, row.value]);
    let axis = Axis::of(ends.filter(|end| end.is_finite()));
    let height = ROW * rows.len() as f64 + AXIS;
    let mut svg = open(title, height);
    axis.grid(&mut svg, unit, height);
    for (n, Interval { label, value, low, high }) in rows.iter().enumerate() {
        let y = ROW * (n as f64 + 0.5);
        let (value, low, high) = (axis.x(*value), axis.x(*low), axis.x(*high));
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
pub(super) fn histogram(title: &str, unit: &str, values: &[f64]) -> String {
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
    axis.grid(&mut svg, unit, height);
    for (n, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let from = axis.x(axis.low + n as f64 * width);
        let to = axis.x(axis.low + (n + 1) as f64 * width);
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

/// From where to where, and a step between the lines of the grid.
struct Axis {
    low: f64,
    high: f64,
    step: f64,
}

impl Axis {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let (low, high) = match (low, high) {
            (low, high) if low < high => (low, high),
            (low, _) if low.is_finite() => (low - 0.5, low + 0.5),
            _ => (0.0, 1.0),
        };
        let rough = (high - low) / 5.0;
        let ten = libm::exp10(libm::floor(libm::log10(rough)));
        let times = [1.0, 2.0, 5.0].into_iter().find(|times| times * ten >= rough).unwrap_or(10.0);
        let step = times * ten;
        Axis { low: (low / step).floor() * step, high: (high / step).ceil() * step, step }
    }

    fn x(&self, value: f64) -> f64 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        LABELS + share * (WIDTH - LABELS - 30.0)
    }

    fn grid(&self, svg: &mut String, unit: &str, height: f64) {
        let steps = ((self.high - self.low) / self.step).round() as u32;
        let digits = (-libm::floor(libm::log10(self.step))).clamp(0.0, 6.0) as usize;
        for n in 0..=steps {
            let value = self.low + f64::from(n) * self.step;
            // No -0.
            let value = if value.abs() < self.step / 2.0 { 0.0 } else { value };
            let (x, bottom) = (self.x(value), height - AXIS);
            let unit = if n == steps { unit } else { "" };
            let _ = write!(
                svg,
                "<path class=\"grid\" d=\"M{x:.1} 0V{bottom:.1}\"/><text x=\"{x:.1}\" y=\"{:.1}\" \
                 text-anchor=\"middle\">{value:.digits$}{unit}</text>",
                height - 8.0,
            );
        }
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
