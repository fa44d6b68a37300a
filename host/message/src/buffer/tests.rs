//! Bodies that are kept: what goes in comes out, as often as it is read, whatever its pieces; and nothing is held afterwards.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame};
use model::FaultKind;
use proptest::prelude::*;
use tokio::task::LocalSet;

use super::*;
use crate::body::BodyError;

const ROOM: BufferRoom = BufferRoom { memory: 1 << 20, disk: 1 << 20 };

/// A body of these parts, each of which takes a turn to come.
struct Parts {
    parts: VecDeque<Result<Frame<Bytes>, BodyError>>,
    is_ready: bool,
}

impl Parts {
    fn of(pieces: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let parts = pieces.into_iter().map(|piece| Ok(Frame::data(Bytes::from(piece)))).collect();
        Parts { parts, is_ready: false }
    }

    fn with_trailers(mut self) -> Self {
        self.parts.push_back(Ok(Frame::trailers(trailers())));
        self
    }
}

impl Body for Parts {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.is_ready = !self.is_ready;
        if self.is_ready {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.parts.pop_front())
    }
}

fn trailers() -> HeaderMap {
    HeaderMap::from_iter([("x-sum".parse().unwrap(), "7".parse().unwrap())])
}

fn rule(memory: usize, disk: u64) -> BufferRule {
    BufferRule { memory, disk, folder: Arc::from(std::env::temp_dir().as_path()) }
}

fn on_worker<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, test)
}

/// All data of a body, and its trailers.
async fn read(mut body: impl Body<Data = Bytes, Error = BodyError> + Unpin) -> (Vec<u8>, Option<HeaderMap>) {
    let (mut data, mut trailers) = (Vec::new(), None);
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        match frame.unwrap().into_data() {
            Ok(piece) => data.extend_from_slice(&piece),
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    assert!(body.is_end_stream());
    (data, trailers)
}

async fn fault_of(parts: Parts, rule: &BufferRule, room: BufferRoom) -> FaultKind {
    let stats = Arc::default();
    let Err(fault) = collect(parts, rule, room, &stats).await else { panic!("it was kept") };
    assert_eq!((stats.memory(), stats.disk()), (0, 0), "nothing is held afterwards");
    fault.kind
}

proptest! {
    /// Whatever the pieces and however little memory there is.
    #[test]
    fn what_goes_in_comes_out_as_often_as_it_is_read(
        pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..9000), 0..20),
        memory in prop_oneof![Just(4096usize), 1usize..20_000],
        has_trailers: bool,
    ) {
        let all = pieces.concat();
        let stats = Arc::new(BufferStats::default());
        on_worker(async {
            let parts = Parts::of(pieces);
            let parts = if has_trailers { parts.with_trailers() } else { parts };
            let whole = collect(parts, &rule(memory, 1 << 20), ROOM, &stats).await.unwrap();
            let length = (!has_trailers).then_some(all.len() as u64);
            assert_eq!(whole.length(), length);
            assert_eq!(whole.body().size_hint().exact(), length);
            assert_eq!(stats.spilled.value() == 1, all.len() > memory, "a file only for what needs one");
            assert!(stats.memory() <= memory as u64);
            let expected = has_trailers.then(trailers);
            for _ in 0..2 {
                assert!(read(whole.body()).await == (all.clone(), expected.clone()), "what came out differs");
            }
        });
        assert_eq!((stats.memory(), stats.disk()), (0, 0), "nothing is held afterwards");
    }

    /// As the pieces come, in order, whatever the limit.
    #[test]
    fn what_is_read_ahead_is_what_was_sent(
        pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..3000), 0..20),
        memory in 1usize..10_000,
        has_trailers: bool,
    ) {
        let all = pieces.concat();
        let stats = Arc::new(BufferStats::default());
        on_worker(async {
            let parts = Parts::of(pieces);
            let parts = if has_trailers { parts.with_trailers() } else { parts };
            let ahead = ReadAhead::begin(parts, memory, ROOM, &stats, ());
            assert!(read(ahead).await == (all, has_trailers.then(trailers)), "what came out differs");
        });
        assert_eq!(stats.memory(), 0, "nothing is held afterwards");
    }
}

#[test]
fn a_body_longer_than_memory_and_file_is_too_large() {
    on_worker(async {
        let pieces = || Parts::of(vec![vec![7; 5000]; 5]);
        assert_eq!(fault_of(pieces(), &rule(4096, 4096 * 4), ROOM).await, FaultKind::BodyTooLarge);
        assert_eq!(fault_of(pieces(), &rule(8192, 0), ROOM).await, FaultKind::BodyTooLarge);
    });
}

#[test]
fn a_body_that_finds_no_room_is_refused_and_not_said_to_be_too_large() {
    on_worker(async {
        let pieces = || Parts::of(vec![vec![7; 5000]; 5]);
        let small = |memory, disk| BufferRoom { memory, disk };
        assert_eq!(fault_of(pieces(), &rule(4096, 1 << 20), small(0, 1 << 20)).await, FaultKind::BuffersFull);
        assert_eq!(
            fault_of(pieces(), &rule(4096, 1 << 20), small(1 << 20, 9000)).await,
            FaultKind::BuffersFull
        );
        assert_eq!(fault_of(pieces(), &rule(1 << 20, 0), small(8192, 1 << 20)).await, FaultKind::BuffersFull);
    });
}

#[test]
fn a_folder_that_is_not_there_is_a_fault_of_its_own() {
    on_worker(async {
        let rule = BufferRule { folder: Arc::from(Path::new("/nonexistent/folder")), ..rule(4096, 1 << 20) };
        assert_eq!(fault_of(Parts::of([vec![7; 5000]]), &rule, ROOM).await, FaultKind::SpillFailed);
    });
}

#[test]
fn a_body_that_breaks_off_leaves_nothing() {
    on_worker(async {
        let mut parts = Parts::of(vec![vec![7; 5000]; 5]);
        parts.parts.push_back(Err(BodyError(FaultKind::ClientTimeout)));
        assert_eq!(fault_of(parts, &rule(4096, 1 << 20), ROOM).await, FaultKind::ClientTimeout);
    });
}

#[test]
fn reading_ahead_stops_at_its_limit_and_goes_on_when_there_is_room() {
    let stats = Arc::new(BufferStats::default());
    on_worker(async {
        let mut ahead = ReadAhead::begin(Parts::of(vec![vec![7; 1000]; 10]), 3000, ROOM, &stats, ());
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(stats.memory(), 3000);
        poll_fn(|cx| Pin::new(&mut ahead).poll_frame(cx)).await.unwrap().unwrap();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(stats.memory(), 3000);
    });
}

#[test]
fn where_the_worker_is_full_one_part_at_a_time_is_read() {
    let stats = Arc::new(BufferStats::default());
    on_worker(async {
        let full = BufferRoom { memory: 0, disk: 0 };
        let ahead = ReadAhead::begin(Parts::of(vec![vec![7; 1000]; 10]), 3000, full, &stats, ());
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(stats.memory(), 1000);
        assert_eq!(read(ahead).await.0.len(), 10_000);
    });
}
