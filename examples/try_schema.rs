use tokenrail::constraint::Constraint;
use tokenrail::grammar::Grammar;
use tokenrail::schema::*;
use tokenrail::vocab::Vocabulary;
fn main() {
    let bytes: Vec<u8> = (0..=255).collect();
    let v = Vocabulary::new(bytes.chunks(1), ["<end>"]);
    for l in std::io::stdin().lines() {
        let l = l.unwrap();
        let (s, t) = l.split_once('\t').unwrap();
        let o = Options { order: Order::Any, ..Options::default() };
        let sc = match Schema::parse(s, &o) {
            Ok(s) => s,
            Err(e) => {
                println!("REFUSED {e}");
                continue;
            }
        };
        let c = match Constraint::new(&Grammar::schema(&sc), &v) {
            Ok(c) => c,
            Err(e) => {
                println!("CERR {e}");
                continue;
            }
        };
        let mut m = c.matcher();
        let n = m.advance_bytes(t.as_bytes()).unwrap();
        println!("{} {}/{} {}", n == t.len() && m.is_accepting().unwrap(), n, t.len(), s);
    }
}
