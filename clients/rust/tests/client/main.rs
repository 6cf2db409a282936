//! The client against a server made for each test: a script that speaks the protocol over real
//! sockets, mostly with real TLS, and breaks it where the test wants it broken.

mod beside;
mod beside_breaks;
mod broken;
mod closing;
mod connecting;
mod cuts;
mod host;
mod mock;
mod moved;
mod other_schema;
mod requests;
mod resume;
mod resume_again;
mod resume_anew;
mod resume_when;
mod seat;
