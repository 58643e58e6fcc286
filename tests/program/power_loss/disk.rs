//! Model of a disk: what it holds for sure, and what it may lose, from the journal of `recorder.c`.
//!
//! A write is safe once its file is synced, and a name once its folder is. Of the others, any
//! subset of the writes to a file may be lost, also parts of a write, and the last changes of the
//! names in a folder.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use crate::support::Random;

const CREATE: u64 = 0o100;
const TRUNCATE: u64 = 0o1000;
/// Bytes of an entry before its text.
const HEAD_BYTES: usize = 17;

/// Files and folders below a root, whose node is 0.
pub(crate) struct Disk {
    nodes: Vec<Node>,
    /// Nodes of open files and folders.
    open: HashMap<i32, usize>,
}

enum Node {
    File { safe: Vec<u8>, unsafe_changes: Vec<Change> },
    Folder { safe: Names, unsafe_changes: Vec<NameChange>, now: Names },
}

type Names = BTreeMap<String, usize>;

#[derive(Clone)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate(usize),
}

#[derive(Clone)]
enum NameChange {
    Add(String, usize),
    Remove(String),
    Rename(String, String),
}

impl Disk {
    /// Reads a folder. Everything in it is safe.
    pub(crate) fn read(root: &Path) -> Self {
        let mut disk = Self { nodes: Vec::new(), open: HashMap::new() };
        disk.add(root);
        disk
    }

    fn add(&mut self, path: &Path) -> usize {
        let id = self.nodes.len();
        if path.is_file() {
            let safe = fs::read(path).expect("readable");
            self.nodes.push(Node::File { safe, unsafe_changes: Vec::new() });
            return id;
        }
        self.nodes.push(empty_folder());
        let entries = fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry"));
        let add = |entry: fs::DirEntry| {
            (entry.file_name().into_string().expect("a name"), self.add(&entry.path()))
        };
        let names: Names = entries.map(add).collect();
        if let Node::Folder { safe, now, .. } = &mut self.nodes[id] {
            (*safe, *now) = (names.clone(), names);
        }
        id
    }

    /// Applies a journal. Its last entry may be incomplete.
    pub(crate) fn replay(&mut self, root: &Path, mut journal: &[u8]) {
        while let Some((head, rest)) = journal.split_at_checked(HEAD_BYTES) {
            let fd = i32::from_ne_bytes(head[1..5].try_into().expect("four bytes"));
            let number = u64::from_ne_bytes(head[5..13].try_into().expect("eight bytes"));
            let length = u32::from_ne_bytes(head[13..17].try_into().expect("four bytes"));
            let Some((text, rest)) = rest.split_at_checked(length as usize) else { return };
            journal = rest;
            self.apply(root, head[0], fd, number, text);
        }
    }

    fn apply(&mut self, root: &Path, kind: u8, fd: i32, number: u64, text: &[u8]) {
        let at = number as usize;
        match kind {
            b'O' => self.note_open(&below(root, text), fd, number),
            b'W' => self.change(fd, Change::Write { offset: at, bytes: text.to_vec() }),
            b'T' => self.change(fd, Change::Truncate(at)),
            b'S' => self.sync(fd),
            b'M' => {
                let (folder, name) = self.parent(&below(root, text));
                self.nodes.push(empty_folder());
                let id = self.nodes.len() - 1;
                self.rename(folder, NameChange::Add(name, id));
            }
            b'R' => {
                let split = text.iter().position(|byte| *byte == 0).expect("two paths");
                let (from_folder, from) = self.parent(&below(root, &text[..split]));
                let (to_folder, to) = self.parent(&below(root, &text[split + 1..]));
                assert_eq!(from_folder, to_folder, "the model knows renames within a folder");
                self.rename(from_folder, NameChange::Rename(from, to));
            }
            b'U' => {
                let (folder, name) = self.parent(&below(root, text));
                self.rename(folder, NameChange::Remove(name));
            }
            other => panic!("unknown entry {other}"),
        }
    }

    fn note_open(&mut self, path: &[String], fd: i32, flags: u64) {
        let found = path.iter().try_fold(0, |node, name| match &self.nodes[node] {
            Node::Folder { now, .. } => now.get(name).copied(),
            Node::File { .. } => None,
        });
        let id = found.unwrap_or_else(|| {
            assert!(flags & CREATE != 0, "{path:?} was opened and is unknown");
            let (folder, name) = self.parent(path);
            self.nodes.push(Node::File { safe: Vec::new(), unsafe_changes: Vec::new() });
            let id = self.nodes.len() - 1;
            self.rename(folder, NameChange::Add(name, id));
            id
        });
        self.open.insert(fd, id);
        if flags & TRUNCATE != 0 {
            self.change(fd, Change::Truncate(0));
        }
    }

    /// Node of the parent folder, and the name in it.
    fn parent(&self, path: &[String]) -> (usize, String) {
        let (name, folders) = path.split_last().expect("a path below the root");
        let parent = folders.iter().fold(0, |node, name| match &self.nodes[node] {
            Node::Folder { now, .. } => now[name],
            Node::File { .. } => panic!("{path:?} is below a file"),
        });
        (parent, name.clone())
    }

    fn change(&mut self, fd: i32, change: Change) {
        match &mut self.nodes[self.open[&fd]] {
            Node::File { unsafe_changes, .. } => unsafe_changes.push(change),
            Node::Folder { .. } => panic!("a write to a folder"),
        }
    }

    fn rename(&mut self, folder: usize, change: NameChange) {
        match &mut self.nodes[folder] {
            Node::Folder { unsafe_changes, now, .. } => {
                change.apply(now);
                unsafe_changes.push(change);
            }
            Node::File { .. } => panic!("a name below a file"),
        }
    }

    fn sync(&mut self, fd: i32) {
        match &mut self.nodes[self.open[&fd]] {
            Node::File { safe, unsafe_changes } => {
                unsafe_changes.drain(..).for_each(|change| change.apply(safe));
            }
            Node::Folder { safe, unsafe_changes, now } => {
                unsafe_changes.clear();
                safe.clone_from(now);
            }
        }
    }

    /// Writes what the disk holds after a loss of power to a new folder.
    pub(crate) fn lose_power(&self, random: &mut Random, to: &Path) {
        self.write(0, random, to);
    }

    fn write(&self, node: usize, random: &mut Random, to: &Path) {
        match &self.nodes[node] {
            Node::File { safe, unsafe_changes } => {
                let mut bytes = safe.clone();
                for change in survivors(unsafe_changes, random) {
                    change.apply(&mut bytes);
                }
                fs::write(to, bytes).expect("written");
            }
            Node::Folder { safe, unsafe_changes, .. } => {
                fs::create_dir(to).expect("a new folder");
                let mut names = safe.clone();
                let kept = random.below(unsafe_changes.len() as u64 + 1) as usize;
                unsafe_changes[..kept].iter().for_each(|change| change.apply(&mut names));
                for (name, node) in names {
                    // SQLite's shared memory is no file for storage, and is made again.
                    if !name.ends_with("-shm") {
                        self.write(node, random, &to.join(name));
                    }
                }
            }
        }
    }
}

fn empty_folder() -> Node {
    Node::Folder { safe: Names::new(), unsafe_changes: Vec::new(), now: Names::new() }
}

/// Names of the folders and the file from the root to a path.
fn below(root: &Path, path: &[u8]) -> Vec<String> {
    let path = Path::new(std::str::from_utf8(path).expect("a path in UTF-8"));
    let names = path.strip_prefix(root).expect("a path below the root").iter();
    names.map(|name| name.to_str().expect("a name in UTF-8").to_owned()).collect()
}

/// Chooses the changes that reach the disk: none, all, the first ones, or any of them, of which
/// some are written in part.
fn survivors(changes: &[Change], random: &mut Random) -> Vec<Change> {
    match random.below(4) {
        0 => Vec::new(),
        1 => changes.to_vec(),
        2 => changes[..random.below(changes.len() as u64 + 1) as usize].to_vec(),
        _ => {
            let mut kept = changes.to_vec();
            kept.retain(|_| random.below(2) == 0);
            kept.iter_mut().for_each(|change| change.tear(random));
            kept
        }
    }
}

impl Change {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                file.resize(file.len().max(end), 0);
                file[*offset..end].copy_from_slice(bytes);
            }
            Self::Truncate(length) => file.resize(*length, 0),
        }
    }

    /// Loses a part of every fourth write.
    fn tear(&mut self, random: &mut Random) {
        if let Self::Write { bytes, .. } = self
            && random.below(4) == 0
        {
            bytes.truncate(random.below(bytes.len() as u64 + 1) as usize);
        }
    }
}

impl NameChange {
    fn apply(&self, names: &mut Names) {
        match self {
            Self::Add(name, node) => drop(names.insert(name.clone(), *node)),
            Self::Remove(name) => drop(names.remove(name)),
            Self::Rename(from, to) => {
                if let Some(node) = names.remove(from) {
                    names.insert(to.clone(), node);
                }
            }
        }
    }
}
