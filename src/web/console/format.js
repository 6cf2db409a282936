// Numbers as people read them. Units stand in the heads of columns, or behind the number here.

const NONE = "–";

/** Microseconds in milliseconds: three digits that matter. */
export function ms(us) {
  if (us == null) return NONE;
  const value = us / 1000;
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** A whole number, in groups. */
export function count(value) {
  return value == null ? NONE : String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** Bytes, with their unit. */
export function bytes(value) {
  if (value == null) return NONE;
  const units = ["B", "KiB", "MiB", "GiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit && value < 10 ? value.toFixed(1) : Math.round(value)}\u00a0${units[unit]}`;
}

/** A time in seconds, by its two largest units. */
export function age(seconds) {
  if (seconds == null) return NONE;
  const whole = Math.floor(seconds);
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = units.findIndex(([, size]) => whole >= size);
  if (first < 0) return "0\u00a0s";
  const [[name, size], below] = [units[first], units[first + 1]];
  const rest = below && Math.floor((whole % size) / below[1]);
  const text = `${Math.floor(whole / size)}\u00a0${name}`;
  return rest ? `${text} ${rest}\u00a0${below[0]}` : text;
}

/** Thousandths as per cent. */
export function percent(permille) {
  return permille == null ? NONE : (permille / 10).toFixed(1);
}

/** A time of the day, and the day when it is another than `now`'s. */
export function moment(secs, now = new Date()) {
  const at = new Date(secs * 1000);
  const two = (number) => String(number).padStart(2, "0");
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const isToday = at.toDateString() === now.toDateString();
  return isToday ? time : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}
