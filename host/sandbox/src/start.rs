//! How instances come by their settings.

/// How the instances of a plugin come by their settings.
#[derive(Clone, Debug)]
pub enum Start {
    /// They take none.
    Plain,
    /// They begin with the memory that `configure` left.
    Configured,
    /// `configure` is called in each of them, since there is no image to begin with.
    Configure(NoImage),
}

/// Why the instances of a component can't begin configured.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NoImage {
    /// It has what no snapshot can be made of.
    #[error("no snapshot can be made of it: {0}")]
    Unsuitable(String),
    /// `configure` failed where no resources are given out.
    #[error("`configure` failed where it gets no resources of the host: {0}")]
    Sandbox(String),
    /// Its state can't be read.
    #[error("its memory can't be read: {0}")]
    Unreadable(String),
    /// The component with the image is no good.
    #[error("an instance of the snapshot failed: {0}")]
    Useless(String),
}
