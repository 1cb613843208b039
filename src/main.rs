use std::io::{BufRead, Write};
use std::time::Instant;

use concierge::ports::embedder::{Embedder, MiniLm, cosine};

fn main() {
    let task = std::env::args().nth(1).unwrap_or_default();
    match task.as_str() {
        "embed" => {
            let model = MiniLm::built_in();
            let lines: Vec<String> = std::io::stdin().lock().lines().map_while(Result::ok).collect();
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            for chunk in lines.chunks(16) {
                let texts: Vec<&str> = chunk.iter().map(String::as_str).collect();
                for v in model.embed(&texts) {
                    for x in v {
                        let _ = out.write_all(&x.to_le_bytes());
                    }
                }
            }
        }
        _ => {
            let t = Instant::now();
            let m = MiniLm::built_in();
            eprintln!("load {:?}", t.elapsed());
            let s = ["A man is eating food.", "Someone is having a meal.", "The stock market crashed today."];
            let e = m.embed(&s);
            eprintln!("{} {}", cosine(&e[0], &e[1]), cosine(&e[0], &e[2]));
            let n: u32 = std::env::args().nth(2).and_then(|x| x.parse().ok()).unwrap_or(100);
            let t = Instant::now();
            for i in 0..n {
                std::hint::black_box(
                    m.embed_one(&format!("can I get a table for four tomorrow evening at {i}?")),
                );
            }
            eprintln!("short {:?}", t.elapsed() / n);
            let long = "Bookings may be cancelled free of charge until 24 hours before arrival; later a fee of ten euro per guest applies. ".repeat(5);
            let t = Instant::now();
            for _ in 0..n / 5 + 1 {
                std::hint::black_box(m.embed_one(&long));
            }
            eprintln!("long {:?}", t.elapsed() / (n / 5 + 1));
        }
    }
}
