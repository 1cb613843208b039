//! The way of a message, piece by piece: reading its frame, committing a hundred of them, and queueing one
//! for a hundred people. `cargo bench --bench hot`.

mod work;

use criterion::{Criterion, Throughput};

use work::{MANY, Room, Store, parse};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    criterion.bench_function("a frame is read", |bencher| bencher.iter(parse));

    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = runtime.block_on(Store::make(folder.path()));
    let mut group = criterion.benchmark_group("a hundred");
    group.throughput(Throughput::Elements(u64::try_from(MANY).expect("a hundred")));
    group.bench_function("messages are committed", |bencher| {
        bencher.iter(|| runtime.block_on(store.commit()));
    });
    let mut room = Room::open();
    group.bench_function("people are sent an entry", |bencher| bencher.iter(|| room.deliver()));
    group.finish();
    criterion.final_summary();
}
