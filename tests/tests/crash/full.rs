//! A disk that fills up, and has room again.

use std::fs::File;
use std::io::Write as _;

use tempfile::TempDir;

use crate::Form;
use crate::figures::Figures;
use crate::harness::{Draft, Place, fsck};
use crate::io_errors::is_stopped;
use crate::mount::{Mount, make_image};
use crate::receipts::check;
use crate::trial::{Base, LARGE_AT_ONCE};

/// Bytes of the disk. The store reserves some 70 MiB of it for each write-ahead log.
const DISK_BYTES: u64 = 224 * 1024 * 1024;
/// Bytes that something else wrote to it, to be removed again.
const FILLER_BYTES: usize = 120 * 1024 * 1024;

/// Appends until there is no room. The log stops, stays stopped when there is room again, and after a restart has everything that
/// it acknowledged.
pub(crate) fn disk(form: Form, figures: &mut Figures) {
    if form == Form::Short {
        figures.long_only = true;
        return;
    }
    for _ in 0..2 {
        let folder = TempDir::with_prefix("crash-").unwrap();
        let image = folder.path().join("image");
        make_image(&image, DISK_BYTES);
        let mount = Mount::new(&image, folder.path().join("disk"));
        {
            let base = Base::of(Place::make(TempDir::with_prefix_in("writ-", mount.point()).unwrap(), &[]));
            let filler = mount.point().join("filler");
            File::create(&filler).unwrap().write_all(&vec![1; FILLER_BYTES]).unwrap();
            fill(&base, &filler, figures);
        }
        drop(mount);
    }
}

fn fill(base: &Base, filler: &std::path::Path, figures: &mut Figures) {
    // The client's own files are elsewhere: its disk is not full.
    let mut trial = base.trial();
    // What it says on stderr goes to a file on the same disk: that it cannot say so must not keep it from stopping.
    let server = base.place.serve();
    let answer = (0..1_000)
        .map(|number| {
            let large = |at| base.large(&format!("{number}/{at}"));
            let request: Vec<Vec<u8>> = (0..LARGE_AT_ONCE).map(large).collect();
            trial.receipts.request(&server.http, &request).unwrap()
        })
        .find(|answer| answer.status != 200)
        .expect("the disk does not fill up");
    is_stopped(&answer, &mut trial, &server);
    std::fs::remove_file(filler).unwrap();
    is_stopped(&answer, &mut trial, &server);
    server.stop();

    let server = base.place.serve();
    let receipts = trial.receipts.load();
    let checked = check(&base.place, &server.http, &receipts);
    figures.runs += 1;
    figures.acknowledged += receipts.len() as u64;
    figures.recovered += checked.honoured;
    figures.lost += checked.lost.len() as u64;
    assert!(checked.lost.is_empty(), "{}", checked.lost.join("\n"));
    let written =
        trial.receipts.request(&server.http, &[base.alice.sign(&Draft::note(&base.place.log(), "room"))]);
    assert_eq!(written.unwrap().status, 201, "there is room again");
    server.stop();
    let fsck = fsck(&base.place.data());
    assert_eq!(fsck.code, 0, "{fsck}");
}
