//! Fetches a file into the store: resumes where it stopped, and checks every byte before it keeps it.

use std::collections::HashSet;

use gloo::timers::future::TimeoutFuture;
use js_sys::{Reflect, Uint8Array};
use sha2::{Digest, Sha256};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, ReadableStreamDefaultReader};

use super::host;
use super::store::Store;
use crate::catalog::stored_file::FileRecord;
use crate::error::{Error, ErrorKind, Result};
use crate::failure;
use crate::hash::hex;
use crate::web::protocol::NoticeKind;

/// Number of attempts to fetch one piece.
const ATTEMPTS: u32 = 4;

/// The address or addresses of a file's bytes.
pub enum Location {
    /// Address of one file on a server that sends ranges.
    Whole(String),
    /// Addresses of files with one piece each.
    Shards(Vec<String>),
}

/// A file to fetch into the store.
pub struct RemoteFile {
    /// SHA-256, or the address where that is not known.
    pub id: String,
    /// SHA-256 of the whole file, if it is known.
    pub sha256: Option<String>,
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 of each piece; empty if they are not known.
    pub chunk_sha256: Vec<String>,
    /// Address or addresses.
    pub location: Location,
}

/// A receiver of progress and notices.
pub trait Listener {
    /// Adds `bytes` to the bytes that arrived; a negative number takes back those of a piece that was refused.
    fn arrived(&self, bytes: i64);
    /// Passes a notice to the user.
    fn notice(&self, kind: NoticeKind, text: String);
}

/// Fetches the pieces of `wanted` that the store lacks. Fails soon after `signal` is raised; the
/// pieces that arrived stay.
pub async fn download(
    store: &Store,
    wanted: &RemoteFile,
    signal: &AbortSignal,
    listener: &impl Listener,
) -> Result<()> {
    let record = store.file(&wanted.id).await?.filter(|record| record.bytes == wanted.bytes);
    let mut record = match record {
        Some(record) if record.complete => return Ok(()),
        Some(record) => record,
        None => FileRecord::empty(&wanted.id, wanted.bytes),
    };
    for attempt in 1.. {
        fetch_missing(store, wanted, &mut record, signal, listener).await?;
        match verify_whole(store, wanted, &record).await {
            Ok(sha256) => {
                record.sha256 = sha256;
                break;
            }
            // Which piece is wrong is not known, so all are fetched again.
            Err(error) if error.kind() == ErrorKind::Corrupt && attempt < ATTEMPTS => {
                listener
                    .notice(NoticeKind::ChunkRefused, "A damaged file was refused and is fetched again.".to_owned());
                listener.arrived(-(wanted.bytes as i64));
                store.delete(&wanted.id).await?;
                record.chunk_sha256.fill(String::new());
            }
            Err(error) => return Err(error),
        }
    }
    record.complete = true;
    store.put_file(&record).await
}

async fn fetch_missing(
    store: &Store,
    wanted: &RemoteFile,
    record: &mut FileRecord,
    signal: &AbortSignal,
    listener: &impl Listener,
) -> Result<()> {
    let present: HashSet<usize> = store.present(&wanted.id).await?;
    let mut stream = Stream::new(&wanted.location, signal, listener);
    for index in (0..record.chunk_sha256.len()).filter(|index| !present.contains(index)) {
        let (start, length) = record.chunk(index);
        let mut attempt = 1;
        let (bytes, hash) = loop {
            match checked(&mut stream, wanted, index, start, length).await {
                Ok(checked) => break checked,
                Err(error) if signal.aborted() || attempt == ATTEMPTS => return Err(error),
                Err(error) => match error.kind() {
                    ErrorKind::Corrupt => listener.notice(NoticeKind::ChunkRefused, error.to_string()),
                    ErrorKind::Network => listener.notice(NoticeKind::Retry, error.to_string()),
                    _ => return Err(error),
                },
            }
            stream.open = None;
            TimeoutFuture::new(500 << attempt).await;
            attempt += 1;
        };
        record.chunk_sha256[index] = hash;
        store.put_chunk(record, index, &bytes).await?;
    }
    Ok(())
}

/// Fetches one piece and hashes it. Refuses it if the hash is known and another.
async fn checked(
    stream: &mut Stream<'_, impl Listener>,
    wanted: &RemoteFile,
    index: usize,
    start: u64,
    length: u64,
) -> Result<(Uint8Array, String)> {
    let bytes = stream.piece(index, start, length).await?;
    let hash = host::sha256(&bytes).await?;
    if wanted.chunk_sha256.get(index).is_some_and(|known| *known != hash) {
        stream.listener.arrived(-(length as i64));
        let text = format!("A damaged piece (number {index}) was refused and is fetched again.");
        return Err(Error::new(ErrorKind::Corrupt, text));
    }
    Ok((bytes, hash))
}

/// Returns SHA-256 of the whole file. Refuses it if the hash is known and another. Where the hashes of the pieces are
/// known, each piece was checked when it arrived.
async fn verify_whole(store: &Store, wanted: &RemoteFile, record: &FileRecord) -> Result<Option<String>> {
    if !wanted.chunk_sha256.is_empty() {
        return Ok(wanted.sha256.clone());
    }
    let mut hasher = Sha256::new();
    for index in 0..record.chunk_sha256.len() {
        let lost = || Error::new(ErrorKind::Corrupt, "a piece is missing from this browser's storage");
        hasher.update(store.chunk(&wanted.id, index).await?.ok_or_else(lost)?.to_vec());
    }
    let found = hex(&hasher.finalize());
    match &wanted.sha256 {
        Some(sha256) if *sha256 != found => {
            Err(Error::new(ErrorKind::Corrupt, format!("the file has SHA-256 {found} instead of {sha256}")))
        }
        _ => Ok(Some(found)),
    }
}

/// A file on a server, read piece by piece: one connection serves all pieces that follow one another.
pub struct Stream<'a, L> {
    location: &'a Location,
    signal: &'a AbortSignal,
    listener: &'a L,
    open: Option<Connection>,
}

struct Connection {
    reader: ReadableStreamDefaultReader,
    /// Offset of the next byte in the whole file.
    position: u64,
    /// Bytes that arrived and were not read yet.
    rest: Uint8Array,
}

impl<'a, L: Listener> Stream<'a, L> {
    /// Makes a stream, which connects when the first piece is read.
    pub fn new(location: &'a Location, signal: &'a AbortSignal, listener: &'a L) -> Self {
        Self { location, signal, listener, open: None }
    }

    /// Reads piece `index`, which is bytes `start..start + length`.
    pub async fn piece(&mut self, index: usize, start: u64, length: u64) -> Result<Uint8Array> {
        let mut connection = match self.open.take() {
            Some(connection) if connection.position == start && matches!(self.location, Location::Whole(_)) => {
                connection
            }
            _ => self.connect(index, start).await?,
        };
        let piece = Uint8Array::new_with_length(length as u32);
        let mut done = 0;
        while done < piece.length() {
            let received = connection.next().await.inspect_err(|_| self.listener.arrived(-i64::from(done)))?;
            let used = received.length().min(piece.length() - done);
            piece.set(&received.subarray(0, used), done);
            connection.rest = received.subarray(used, received.length());
            done += used;
            self.listener.arrived(i64::from(used));
        }
        connection.position = start + length;
        self.open = Some(connection);
        Ok(piece)
    }

    /// Opens a connection whose next byte is number `start` of the file.
    async fn connect(&self, index: usize, start: u64) -> Result<Connection> {
        let (url, from) = match self.location {
            Location::Whole(url) => (url, start),
            Location::Shards(urls) => (&urls[index], 0),
        };
        let response = host::fetch(url, from, false, self.signal).await?;
        // A server that does not know ranges sends everything.
        let skip = if response.status() == 200 { from } else { 0 };
        match response.status() {
            200 | 206 => {}
            status @ 400..500 => {
                return Err(failure!("{url} cannot be fetched: HTTP {status}"));
            }
            status => {
                return Err(Error::new(ErrorKind::Network, format!("The server answers HTTP {status}; trying again.")));
            }
        }
        let body = response.body().ok_or_else(|| Error::new(ErrorKind::Network, format!("{url} sends nothing")))?;
        let mut connection = Connection {
            reader: body.get_reader().unchecked_into(),
            position: start,
            rest: Uint8Array::new_with_length(0),
        };
        let mut skipped = 0;
        while skipped < skip {
            let received = connection.next().await?;
            let unwanted = u64::from(received.length()).min(skip - skipped);
            connection.rest = received.subarray(unwanted as u32, received.length());
            skipped += unwanted;
        }
        Ok(connection)
    }
}

impl Connection {
    /// Returns the next bytes, at least one.
    async fn next(&mut self) -> Result<Uint8Array> {
        let broken = |error: JsValue| {
            Error::new(ErrorKind::Network, format!("The connection broke ({}); trying again.", host::text_of(&error)))
        };
        while self.rest.length() == 0 {
            let read = JsFuture::from(self.reader.read()).await.map_err(broken)?;
            if Reflect::get(&read, &"done".into()).map_err(broken)?.is_truthy() {
                return Err(Error::new(ErrorKind::Network, "The connection ended early; trying again."));
            }
            self.rest = Reflect::get(&read, &"value".into()).map_err(broken)?.unchecked_into();
        }
        Ok(std::mem::replace(&mut self.rest, Uint8Array::new_with_length(0)))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        host::forget(self.reader.cancel()); // the browser need not receive more
    }
}
