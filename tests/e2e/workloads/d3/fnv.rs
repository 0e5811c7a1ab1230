fn main() {
    let path = std::env::var("DATASET_PATH").expect("DATASET_PATH");
    let data = std::fs::read(path).expect("readable dataset");
    let fnv = data.iter().fold(0xcbf29ce484222325u64, |fnv, byte| {
        (fnv ^ u64::from(*byte)).wrapping_mul(0x100000001b3)
    });
    let lines = data.iter().filter(|byte| **byte == b'\n').count();
    println!("{{\"bytes\":{},\"fnv1a64\":\"{:016x}\",\"lines\":{}}}", data.len(), fnv, lines);
}
