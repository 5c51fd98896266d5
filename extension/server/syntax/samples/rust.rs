use std::collections::HashMap;

#[derive(Debug, Clone)]
pub struct Jar {
    name: String,
    count: usize,
}

pub enum Event {
    Added(Jar),
    Removed { name: String },
}

pub struct Shelf {
    jars: HashMap<String, Jar>,
}

impl Shelf {
    pub fn new() -> Self {
        Shelf { jars: HashMap::new() }
    }

    pub fn apply(&mut self, event: Event) -> Result<usize, String> {
        match event {
            Event::Added(jar) => {
                self.jars.insert(jar.name.clone(), jar);
            }
            Event::Removed { name } => {
                if self.jars.remove(&name).is_none() {
                    return Err(format!("no jar {}", name));
                }
            }
        }
        Ok(self.jars.len())
    }

    pub fn total(&self) -> usize {
        self.jars.values().map(|jar| jar.count).sum()
    }
}

fn main() {
    let mut shelf = Shelf::new();
    for (i, name) in ["rice", "oats"].iter().enumerate() {
        let _ = shelf.apply(Event::Added(Jar { name: name.to_string(), count: i }));
    }
    println!("{}", shelf.total());
}
