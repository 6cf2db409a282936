//! Rigid cubes on a plane: gravity, bounce, friction, sleep. A cube touches the plane and the walls
//! with its corners, so that it tumbles; it touches other cubes as a ball somewhat larger than the
//! one inside it, found by a uniform grid. Impulses are solved one after another, some rounds a
//! step.

use std::ops::{Add, AddAssign, Mul, Neg, Sub};

use super::quaternion::Quaternion;

/// A vector in metres, or metres or radians a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Vec3 {
    /// To the east.
    pub x: f64,
    /// To the north.
    pub y: f64,
    /// Upwards.
    pub z: f64,
}

/// A cube.
pub struct Body {
    /// Its middle.
    pub at: Vec3,
    /// Metres a second.
    pub velocity: Vec3,
    /// Radians a second about each axis.
    pub spin: Vec3,
    /// Its rotation.
    pub rotation: Quaternion,
    /// It rests, and nothing is computed for it until something wakes it.
    pub asleep: bool,
    half: f64,
    radius: f64,
    per_mass: f64,
    per_inertia: f64,
    quiet_steps: u32,
}

/// Steps in a second.
pub const STEPS_PER_SEC: u32 = 240;
/// The walls stand this far from the middle, in metres.
pub const WALL: f64 = 31.0;

const SECS: f64 = 1.0 / STEPS_PER_SEC as f64;
const GRAVITY: f64 = -9.8;
const ROUNDS: usize = 4;
const FRICTION: f64 = 0.45;
const BOUNCE: f64 = 0.35;
/// Slower contacts do not bounce.
const BOUNCE_FROM: f64 = 0.6;
/// So deep may contacts overlap, and this share of the rest is undone in a step.
const SLACK: f64 = 0.004;
const UNDONE: f64 = 0.15;
/// A body slower than this for so many steps sleeps; one hit faster than `WAKES` wakes.
const QUIET: f64 = 0.12;
const QUIET_STEPS: u32 = STEPS_PER_SEC / 4;
const WAKES: f64 = 0.25;

/// All bodies. The first may be of any size; the others are at most half a cell wide.
pub struct World {
    /// The bodies.
    pub bodies: Vec<Body>,
    contacts: Vec<Contact>,
    grid: Grid,
}

struct Contact {
    a: usize,
    /// `None`: the plane or a wall.
    b: Option<usize>,
    /// From `b` to `a`.
    normal: Vec3,
    arm_a: Vec3,
    arm_b: Vec3,
    /// The speed along the normal that the contact is to end with.
    target: f64,
    push: f64,
    rub: Vec3,
}

impl Body {
    /// A resting cube of this edge and mass, its middle at `at`.
    pub fn cube(at: Vec3, edge: f64, mass: f64) -> Self {
        Body {
            at,
            velocity: Vec3::default(),
            spin: Vec3::default(),
            rotation: Quaternion::IDENTITY,
            asleep: false,
            half: edge / 2.0,
            radius: edge * 0.6,
            per_mass: 1.0 / mass,
            per_inertia: 6.0 / (mass * edge * edge),
            quiet_steps: 0,
        }
    }

    /// Makes it faster, and wakes it.
    pub fn accelerate(&mut self, change: Vec3) {
        self.velocity += change;
        (self.asleep, self.quiet_steps) = (false, 0);
    }

    fn velocity_at(&self, arm: Vec3) -> Vec3 {
        self.velocity + self.spin.cross(arm)
    }

    fn hit(&mut self, arm: Vec3, impulse: Vec3) {
        if !self.asleep {
            self.velocity += impulse * self.per_mass;
            self.spin += arm.cross(impulse) * self.per_inertia;
        }
    }

    /// How much faster a point becomes along a direction by an impulse of 1 along it.
    fn ease(&self, arm: Vec3, direction: Vec3) -> f64 {
        let across = arm.cross(direction);
        if self.asleep { 0.0 } else { self.per_mass + self.per_inertia * across.dot(across) }
    }

    fn doze(&mut self) {
        let speed =
            self.velocity.dot(self.velocity) + self.spin.dot(self.spin) * self.half * self.half;
        self.quiet_steps = if speed < QUIET * QUIET { self.quiet_steps + 1 } else { 0 };
        if self.quiet_steps > QUIET_STEPS {
            (self.velocity, self.spin, self.asleep) = (Vec3::default(), Vec3::default(), true);
        }
    }
}

impl World {
    /// A world with these bodies.
    pub fn new(bodies: Vec<Body>) -> Self {
        World { bodies, contacts: Vec::new(), grid: Grid::new() }
    }

    /// One step.
    pub fn step(&mut self) {
        for body in self.bodies.iter_mut().filter(|body| !body.asleep) {
            body.velocity.z += GRAVITY * SECS;
        }
        self.contacts.clear();
        self.touch_the_ground();
        self.touch_each_other();
        let mut contacts = std::mem::take(&mut self.contacts);
        for _ in 0..ROUNDS {
            contacts.iter_mut().for_each(|contact| self.solve(contact));
        }
        self.contacts = contacts;
        for body in self.bodies.iter_mut().filter(|body| !body.asleep) {
            body.at += body.velocity * SECS;
            body.rotation = body.rotation.turned(body.spin, SECS);
            body.doze();
        }
    }

    fn touch_the_ground(&mut self) {
        let walls = [
            (0.0, 0.0, 1.0, 0.0),
            (1.0, 0.0, 0.0, -WALL),
            (-1.0, 0.0, 0.0, -WALL),
            (0.0, 1.0, 0.0, -WALL),
            (0.0, -1.0, 0.0, -WALL),
        ];
        for (a, body) in self.bodies.iter().enumerate().filter(|(_, body)| !body.asleep) {
            for (x, y, z, offset) in walls {
                let normal = Vec3 { x, y, z };
                if normal.dot(body.at) - offset > body.half * 1.8 {
                    continue;
                }
                for corner in 0..8 {
                    let side = |bit: i32| if corner & bit == 0 { body.half } else { -body.half };
                    let arm = body.rotation.rotate(Vec3::new(side(1), side(2), side(4)));
                    let depth = offset - normal.dot(body.at + arm);
                    if depth > 0.0 {
                        let speed = normal.dot(body.velocity_at(arm));
                        self.contacts.push(Contact::new(a, None, normal, [arm; 2], depth, speed));
                    }
                }
            }
        }
    }

    fn touch_each_other(&mut self) {
        self.grid.fill(&self.bodies);
        for other in 1..self.bodies.len() {
            self.touch(0, other);
        }
        for a in 1..self.bodies.len() {
            if self.bodies[a].asleep {
                continue;
            }
            let (x, y) = Grid::cell(self.bodies[a].at);
            for cell in (y - 1..=y + 1).flat_map(|y| (x - 1..=x + 1).map(move |x| (x, y))) {
                let mut next = self.grid.first(cell);
                while let Some(b) = next {
                    // Two that are awake find each other twice.
                    if b != 0 && (b > a || b < a && self.bodies[b].asleep) {
                        self.touch(a, b);
                    }
                    next = self.grid.next[b];
                }
            }
        }
    }

    fn touch(&mut self, a: usize, b: usize) {
        let (one, other) = (&self.bodies[a], &self.bodies[b]);
        let (apart, reach) = (one.at - other.at, one.radius + other.radius);
        let square = apart.dot(apart);
        if square >= reach * reach || square == 0.0 || (one.asleep && other.asleep) {
            return;
        }
        let distance = square.sqrt();
        let normal = apart * (1.0 / distance);
        let arms = [normal * -one.radius, normal * other.radius];
        let speed = normal.dot(one.velocity_at(arms[0]) - other.velocity_at(arms[1]));
        if speed < -WAKES {
            for body in [a, b] {
                (self.bodies[body].asleep, self.bodies[body].quiet_steps) = (false, 0);
            }
        }
        self.contacts.push(Contact::new(a, Some(b), normal, arms, reach - distance, speed));
    }

    fn solve(&mut self, contact: &mut Contact) {
        let Contact { a, b, normal, arm_a, arm_b, .. } = *contact;
        let speed = self.speed(contact);
        let push = (contact.target - speed.dot(normal)) / self.ease(contact, normal);
        let push = (contact.push + push).max(0.0) - contact.push;
        contact.push += push;
        let mut impulse = normal * push;

        let slip = speed - normal * speed.dot(normal);
        let slips = slip.dot(slip).sqrt();
        if slips > 1e-9 {
            let along = slip * (1.0 / slips);
            let rub = contact.rub - along * (slips / self.ease(contact, along));
            let (size, most) = (rub.dot(rub).sqrt(), contact.push * FRICTION);
            let rub = if size > most { rub * (most / size) } else { rub };
            impulse += rub - contact.rub;
            contact.rub = rub;
        }
        self.bodies[a].hit(arm_a, impulse);
        if let Some(b) = b {
            self.bodies[b].hit(arm_b, -impulse);
        }
    }

    fn speed(&self, contact: &Contact) -> Vec3 {
        let speed = self.bodies[contact.a].velocity_at(contact.arm_a);
        contact.b.map_or(speed, |b| speed - self.bodies[b].velocity_at(contact.arm_b))
    }

    fn ease(&self, contact: &Contact, direction: Vec3) -> f64 {
        self.bodies[contact.a].ease(contact.arm_a, direction)
            + contact.b.map_or(0.0, |b| self.bodies[b].ease(contact.arm_b, direction))
    }
}

impl Contact {
    fn new(
        a: usize,
        b: Option<usize>,
        normal: Vec3,
        [arm_a, arm_b]: [Vec3; 2],
        depth: f64,
        speed: f64,
    ) -> Self {
        let bounce = if speed < -BOUNCE_FROM { -speed * BOUNCE } else { 0.0 };
        let apart = ((depth - SLACK).max(0.0) * UNDONE / SECS).min(2.0);
        let target = bounce.max(apart);
        Contact { a, b, normal, arm_a, arm_b, target, push: 0.0, rub: Vec3::default() }
    }
}

/// Which bodies are near: cells of half a metre, each a list of those in it.
struct Grid {
    heads: Vec<Option<usize>>,
    next: Vec<Option<usize>>,
}

impl Grid {
    const SIDE: i32 = 132;

    fn new() -> Self {
        Grid { heads: Vec::new(), next: Vec::new() }
    }

    fn cell(at: Vec3) -> (i32, i32) {
        let cell = |part: f64| ((part + 33.0) * 2.0).clamp(1.0, f64::from(Self::SIDE - 2)) as i32;
        (cell(at.x), cell(at.y))
    }

    fn index((x, y): (i32, i32)) -> usize {
        (y * Self::SIDE + x) as usize
    }

    fn fill(&mut self, bodies: &[Body]) {
        self.heads.clear();
        self.heads.resize((Self::SIDE * Self::SIDE) as usize, None);
        self.next.clear();
        for (n, body) in bodies.iter().enumerate() {
            self.next.push(self.heads[Self::index(Self::cell(body.at))].replace(n));
        }
    }

    fn first(&self, cell: (i32, i32)) -> Option<usize> {
        self.heads[Self::index(cell)]
    }
}

impl Vec3 {
    /// A vector.
    pub const fn new(x: f64, y: f64, z: f64) -> Self {
        Vec3 { x, y, z }
    }

    /// The scalar product.
    pub fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    /// The vector product.
    pub fn cross(self, other: Self) -> Self {
        Vec3 {
            x: self.y * other.z - self.z * other.y,
            y: self.z * other.x - self.x * other.z,
            z: self.x * other.y - self.y * other.x,
        }
    }
}

impl Add for Vec3 {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Vec3::new(self.x + other.x, self.y + other.y, self.z + other.z)
    }
}

impl AddAssign for Vec3 {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Vec3 {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Neg for Vec3 {
    type Output = Self;
    fn neg(self) -> Self {
        self * -1.0
    }
}

impl Mul<f64> for Vec3 {
    type Output = Self;
    fn mul(self, by: f64) -> Self {
        Vec3::new(self.x * by, self.y * by, self.z * by)
    }
}
