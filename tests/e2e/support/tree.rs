//! The server's tree of actors, from outside: who is there, and the end of one of them.

use greenroom::server::Server;
use greenroom::supervision::{ChildInfo, SupervisorError, SupervisorRef};
use ractor::ActorCell;

use super::within;

/// The actor at the end of this path below the root, such as `["rooms", "rooms/0"]`.
pub async fn actor(server: &Server, path: &[&str]) -> Result<ActorCell, SupervisorError> {
    let mut cell = server.root().cell();
    for id in path {
        let above = SupervisorRef::of(&cell).ok_or(SupervisorError::Ended)?;
        cell = above.child(*id).await?;
    }
    Ok(cell)
}

/// The children of a supervisor.
pub async fn children(server: &Server, path: &[&str]) -> Result<Vec<ChildInfo>, SupervisorError> {
    let cell = actor(server, path).await?;
    SupervisorRef::of(&cell).ok_or(SupervisorError::Ended)?.which_children().await
}

/// Kills an actor and waits until another one is in its place.
pub async fn kill(server: &Server, path: &[&str]) {
    let cell = actor(server, path).await.unwrap();
    cell.kill();
    within("a successor", async {
        loop {
            match actor(server, path).await {
                Ok(next) if next.get_id() != cell.get_id() => return,
                _ => tokio::time::sleep(std::time::Duration::from_millis(2)).await,
            }
        }
    })
    .await;
}
