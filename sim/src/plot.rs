//! Pages with pictures (SVG) that need nothing but themselves: no script, nothing from elsewhere.

mod axis;
mod lines;
mod spread;

pub(crate) use lines::{Line, Plot};
pub(crate) use spread::{Interval, histogram, intervals};

/// What one of these pages looks like, on any screen and in the dark. The colours of lines are those
/// that people tell apart who do not see all of them, after Okabe and Ito.
const STYLE: &str = "\
:root{color-scheme:light dark;--line:#0b63c5;--bar:#7fb0e6;--bad:#b00020;\
--c0:#0072b2;--c1:#c44e00;--c2:#00805c;--c3:#b0528a}
@media(prefers-color-scheme:dark){:root{--line:#7ab8ff;--bar:#2f5d92;--bad:#ff7b8a;\
--c0:#56b4e9;--c1:#f0914c;--c2:#2fbf94;--c3:#e0a0c5}}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1,h2,h3{line-height:1.2;overflow-wrap:anywhere}h2{margin-top:2.5rem}h3{margin-top:2rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding-bottom:.3rem}
th,td{padding:.25rem .75rem;border-bottom:1px solid #8885;text-align:left;vertical-align:top}
td{overflow-wrap:anywhere}th:first-child,td:first-child{padding-left:0}
.wide th,.wide td{text-align:right;white-space:nowrap}.wide th:first-child{text-align:left}
.wide td.long{text-align:left;white-space:normal}
figure{margin:1.5rem 0}
svg{width:100%;max-width:680px;height:auto;display:block;margin:1rem 0}
svg text{fill:currentColor;font:13px system-ui,sans-serif}
@media(max-width:40rem){th,td{padding:.25rem .4rem}.wide table{font-size:14px}svg text{font-size:20px}}
.grid{stroke:#8884}.mark{stroke:#888;stroke-dasharray:4 3}.bar{fill:var(--bar)}
.line{stroke:var(--line);stroke-width:2;fill:none}.dot{fill:var(--line)}.bad{color:var(--bad)}
.c0{color:var(--c0)}.c1{color:var(--c1)}.c2{color:var(--c2)}.c3{color:var(--c3)}
.of{stroke:currentColor;stroke-width:2;fill:none}.at{fill:currentColor}
";

/// A whole page around a body.
pub(crate) fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        escape(title)
    )
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
