//! What heads say from hop to hop, beside what the client and its origin say to one another: who the client is, which ids and traces a
//! request has, how long somebody is going to wait, what a gRPC client understands.
//!
//! It is decided here whom of those who say it we believe, and what we write for the next. Heads come and go: nothing here sends
//! them, and nothing here chooses where they go.

pub mod forwarded;
pub mod grpc;
pub mod marks;
pub mod names;
pub mod retry_after;
