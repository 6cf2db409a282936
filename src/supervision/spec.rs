//! [`SupervisorSpec`]: what a supervisor starts from, and how it is started.

use std::fmt;
use std::sync::Arc;

use ractor::ActorId;

use super::child::{ChildId, ChildSpec, Parent, StartError};
use super::dynamic::Dynamic;
use super::exit::{Exit, Next};
use super::handle::SupervisorRef;
use super::slot::Slot;
use super::strategy::Strategy;
use super::supervisor::Supervisor;
use crate::actors::actor;
use crate::intensity::Intensity;

/// A child's end, as the supervisor's [`on_exit`](SupervisorSpec::on_exit) hook gets it.
#[derive(Debug)]
pub struct ChildExit<'a> {
    /// Which child.
    pub id: &'a ChildId,
    /// The incarnation that ended; `None` when the end is a start that failed.
    pub actor: Option<ActorId>,
    /// How it ended.
    pub exit: &'a Exit,
    /// What the supervisor does now.
    pub next: Next,
}

pub(super) type OnExit = Arc<dyn Fn(&ChildExit<'_>) + Send + Sync>;
pub(super) type AtStart = Arc<dyn Fn() -> Vec<ChildSpec> + Send + Sync>;

/// How the children stand to each other.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layout {
    /// In a row, in start order.
    Row(Strategy),
    /// In no order, and many.
    Crowd(Dynamic),
}

/// A supervisor before it exists. Cheap to clone: a nested one is started from a clone each time.
#[derive(Clone)]
pub struct SupervisorSpec {
    pub(super) name: Arc<str>,
    pub(super) layout: Layout,
    pub(super) intensity: Intensity,
    pub(super) children: Vec<ChildSpec>,
    pub(super) on_exit: Option<OnExit>,
    pub(super) at_start: Option<AtStart>,
}

impl SupervisorSpec {
    /// A supervisor of a row of children. `name` is for logs and, when nested, its child id.
    pub fn new(name: impl Into<Arc<str>>, strategy: Strategy) -> Self {
        Self::with_layout(name.into(), Layout::Row(strategy))
    }

    /// A supervisor of many like children that come and go: see [`Dynamic`].
    pub fn dynamic(name: impl Into<Arc<str>>, options: Dynamic) -> Self {
        Self::with_layout(name.into(), Layout::Crowd(options))
    }

    fn with_layout(name: Arc<str>, layout: Layout) -> Self {
        let (intensity, children) = (Intensity::default(), Vec::new());
        Self { name, layout, intensity, children, on_exit: None, at_start: None }
    }

    /// Adds a child at the right end of the row.
    pub fn child(mut self, spec: ChildSpec) -> Self {
        self.children.push(spec);
        self
    }

    /// Children that are known only when it starts, or is started anew after its death: they are
    /// asked for each time, and start after the others. For children whose state outlives a
    /// supervisor.
    pub fn at_start(
        mut self,
        children: impl Fn() -> Vec<ChildSpec> + Send + Sync + 'static,
    ) -> Self {
        self.at_start = Some(Arc::new(children));
        self
    }

    /// How many restarts are tried; default 1 in 5 s.
    pub fn intensity(mut self, intensity: Intensity) -> Self {
        self.intensity = intensity;
        self
    }

    /// Called at each end of a child, and after each restart that failed, before anything is
    /// restarted. It runs inside the supervisor: be short, do not block. A panic in it is logged
    /// and changes nothing. It is not called for children that die with a killed supervisor.
    pub fn on_exit(mut self, hook: impl Fn(&ChildExit<'_>) + Send + Sync + 'static) -> Self {
        self.on_exit = Some(Arc::new(hook));
        self
    }

    /// Starts it and all its children, under nobody. Dropping the handle does not stop it.
    pub async fn start(self) -> Result<SupervisorRef, StartError> {
        let mailbox = actor::spawn::<Supervisor>(self.name.clone(), self).await?;
        Ok(SupervisorRef::new(mailbox))
    }

    /// The spec that hangs it under another supervisor: permanent, no limit on its shutdown.
    pub fn into_child(self) -> ChildSpec {
        self.into_child_at(&Slot::new())
    }

    /// Like [`into_child`](Self::into_child); each incarnation's handle is put into `slot`.
    pub fn into_child_at(self, slot: &Slot<SupervisorRef>) -> ChildSpec {
        let slot = slot.clone();
        let id = ChildId::from(self.name.clone());
        let spec = ChildSpec::new(id, move |parent: Parent| {
            let (spec, slot) = (self.clone(), slot.clone());
            async move {
                let supervisor = SupervisorRef::new(parent.spawn::<Supervisor>(spec).await?);
                slot.set(supervisor.clone());
                Ok(supervisor.cell())
            }
        });
        spec.supervisor()
    }
}

impl fmt::Debug for SupervisorSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SupervisorSpec")
            .field("name", &self.name)
            .field("layout", &self.layout)
            .field("intensity", &self.intensity)
            .field("children", &self.children)
            .finish_non_exhaustive()
    }
}
