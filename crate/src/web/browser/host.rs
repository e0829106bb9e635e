//! The parts of the browser that the worker uses: fetch, digests, storage figures, and its queue of messages.

use js_sys::{Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    AbortSignal, AddEventListenerOptions, DedicatedWorkerGlobalScope, MessageChannel, ReferrerPolicy, Request,
    RequestCache, RequestInit, Response, StorageEstimate,
};

use crate::error::{Error, ErrorKind, Result};
use crate::failure;
use crate::hash::hex;
use crate::input;
use crate::web::protocol::Storage;

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Returns the text of a JavaScript exception.
pub fn text_of(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => format!("{error:?}"),
    }
}

/// Returns the size of the WebAssembly memory in bytes. It never shrinks, so this is its peak.
pub fn wasm_bytes() -> u64 {
    core::arch::wasm32::memory_size::<0>() as u64 * 65536
}

/// Computes SHA-256 of `bytes` as 64 hexadecimal digits. The browser does it, so the bytes do not enter WebAssembly's
/// memory.
pub async fn sha256(bytes: &Uint8Array) -> Result<String> {
    let failed = |error: JsValue| failure!("a digest failed: {}", text_of(&error));
    let subtle = scope().crypto().map_err(failed)?.subtle();
    let digest = subtle.digest_with_str_and_buffer_source("SHA-256", bytes).map_err(failed)?;
    let digest = Uint8Array::new(&JsFuture::from(digest).await.map_err(failed)?);
    Ok(hex(&digest.to_vec()))
}

/// Sends a request for `url`, from byte `from` on. The caller has to look at the status of the response.
pub async fn fetch(url: &str, from: u64, cached: bool, signal: &AbortSignal) -> Result<Response> {
    let failed =
        |error: JsValue| Error::new(ErrorKind::Network, format!("{url} cannot be fetched: {}", text_of(&error)));
    let options = RequestInit::new();
    options.set_signal(Some(signal));
    // No host of models need know which page asks, and some refuse pages that they do not know.
    options.set_referrer_policy(ReferrerPolicy::NoReferrer);
    if !cached {
        // Models are kept in the store: a second copy in the browser's cache would only take room.
        options.set_cache(RequestCache::NoStore);
    }
    let request = Request::new_with_str_and_init(url, &options).map_err(failed)?;
    if from > 0 {
        request.headers().set("Range", &format!("bytes={from}-")).map_err(failed)?;
    }
    let response = JsFuture::from(scope().fetch_with_request(&request)).await.map_err(failed)?;
    Ok(response.unchecked_into())
}

/// Fetches the whole of a small file.
pub async fn fetch_all(url: &str, signal: &AbortSignal) -> Result<Vec<u8>> {
    let response = fetch(url, 0, true, signal).await?;
    if !response.ok() {
        return Err(Error::new(ErrorKind::Network, format!("{url} cannot be fetched: HTTP {}", response.status())));
    }
    let failed = |error: JsValue| Error::new(ErrorKind::Network, format!("{url} broke off: {}", text_of(&error)));
    let body = JsFuture::from(response.array_buffer().map_err(failed)?).await.map_err(failed)?;
    Ok(Uint8Array::new(&body).to_vec())
}

/// Lets `promise` come to its end and ignores the result.
pub fn forget(promise: Promise) {
    spawn_local(async move {
        let _ = JsFuture::from(promise).await;
    });
}

/// Fetches the length in bytes of the file at `url`, from the headers of the response.
pub async fn length(url: &str, signal: &AbortSignal) -> Result<u64> {
    let response = fetch(url, 0, false, signal).await?;
    let length = response.headers().get("Content-Length").ok().flatten().and_then(|length| length.parse().ok());
    if let Some(body) = response.body() {
        forget(body.cancel()); // only the header is wanted
    }
    match response.status() {
        200..300 => length.ok_or_else(|| failure!("{url}: the server does not say how long the file is")),
        // Hugging Face answers 401 for files that do not exist and for those that this user may not see.
        status @ (401 | 403 | 404) => Err(input!(
            "{url}: there is no such file, or it may be fetched only by those who are signed in (HTTP {status}); check \
             the address, or download the file in a tab and open it here"
        )),
        status => {
            Err(Error::new(ErrorKind::Network, format!("{url}: the server answers HTTP {status}; try again later")))
        }
    }
}

/// Checks that the browser has room for `bytes` more bytes.
pub async fn require_room(bytes: u64) -> Result<()> {
    let storage = storage().await?;
    let free = storage.quota.saturating_sub(storage.usage);
    match bytes > free {
        false => Ok(()),
        true => {
            let text = format!(
                "The browser offers {} MB for this page and {} MB are needed. Free some space and try again.",
                free / 1_000_000,
                bytes / 1_000_000
            );
            Err(Error::new(ErrorKind::Quota, text))
        }
    }
}

/// Returns the browser's name for its GPU, such as `arm valhall`.
pub async fn gpu_name() -> Option<String> {
    let get = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).ok().filter(JsValue::is_truthy);
    let gpu = get(&scope().navigator(), "gpu")?;
    let request: Function = get(&gpu, "requestAdapter")?.dyn_into().ok()?;
    let adapter: Promise = request.call0(&gpu).ok()?.dyn_into().ok()?;
    let info = get(&JsFuture::from(adapter).await.ok()?, "info")?;
    let words: Vec<String> =
        ["vendor", "architecture"].iter().filter_map(|name| get(&info, name)?.as_string()).collect();
    Some(words.join(" ")).filter(|name| !name.is_empty())
}

/// Returns the figures of the browser's storage.
pub async fn storage() -> Result<Storage> {
    let failed = |error: JsValue| failure!("storage cannot be asked about: {}", text_of(&error));
    let manager = scope().navigator().storage();
    let estimate: StorageEstimate =
        JsFuture::from(manager.estimate().map_err(failed)?).await.map_err(failed)?.unchecked_into();
    let persisted = JsFuture::from(manager.persisted().map_err(failed)?).await.map_err(failed)?;
    Ok(Storage {
        usage: estimate.get_usage().unwrap_or(0.0) as u64,
        quota: estimate.get_quota().unwrap_or(0.0) as u64,
        persisted: persisted.is_truthy(),
    })
}

/// Lets the browser deliver messages between steps of work. Timers would do too, but browsers delay nested ones by 4 ms
/// each.
pub struct Yielder {
    channel: MessageChannel,
}

impl Yielder {
    /// Opens a channel from the worker to itself.
    ///
    /// # Errors
    /// If the browser has no channels.
    pub fn new() -> Result<Self, JsValue> {
        let channel = MessageChannel::new()?;
        channel.port2().start();
        Ok(Self { channel })
    }

    /// Yields until the messages that are already queued have been handled. The first message wakes all that yield.
    pub async fn yield_now(&self) {
        let promise = Promise::new(&mut |resolve, _| {
            let once = AddEventListenerOptions::new();
            once.set_once(true);
            let port = self.channel.port2();
            // Neither can fail: the event is a known one, and there is nothing to clone.
            let _ = port.add_event_listener_with_callback_and_add_event_listener_options("message", &resolve, &once);
            let _ = self.channel.port1().post_message(&JsValue::NULL);
        });
        let _ = JsFuture::from(promise).await; // only ever resolved
    }
}
