//! What was fuzzed once, once more (W6): the kept corpora go through the same functions on every run.

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::path::Path;

#[test]
fn every_kept_input_still_keeps_what_is_promised() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let programs = std::fs::read_to_string(fuzz.join("Cargo.toml")).expect("it is read");
    let mut wrong = Vec::new();
    for (name, takes) in targets::TARGETS {
        assert!(programs.contains(&format!("name = \"{name}\"")), "{name} is a program");
        assert!(fuzz.join(format!("fuzz_targets/{name}.rs")).exists(), "{name} has its source");
        let kept = std::fs::read_dir(fuzz.join("corpus").join(name)).expect("there is a corpus");
        let mut played = 0;
        for file in kept {
            let path = file.expect("a file").path();
            let bytes = std::fs::read(&path).expect("it is read");
            if std::panic::catch_unwind(|| takes(&bytes)).is_err() {
                wrong.push(path);
            }
            played += 1;
        }
        assert!(played > 10, "{name} has a corpus of {played}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
