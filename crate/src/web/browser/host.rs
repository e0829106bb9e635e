//! What the engine uses of the browser: fetch, digests, storage figures, and giving way to messages.

use js_sys::{Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    AbortSignal, AddEventListenerOptions, DedicatedWorkerGlobalScope, MessageChannel, ReferrerPolicy, Request,
    RequestCache, RequestInit, Response, StorageEstimate,
};

use super::super::protocol::{Fault, FaultKind, Storage};

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Text of a JavaScript exception.
pub fn text_of(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => format!("{error:?}"),
    }
}

/// Size of the WebAssembly memory in bytes. It never shrinks, so this is its peak.
pub fn wasm_bytes() -> u64 {
    core::arch::wasm32::memory_size::<0>() as u64 * 65536
}

/// SHA-256 of `bytes` in hexadecimal, by the browser: the bytes do not enter WebAssembly's memory.
pub async fn sha256(bytes: &Uint8Array) -> Result<String, Fault> {
    let failed = |error: JsValue| Fault::new(FaultKind::Failure, format!("a digest failed: {}", text_of(&error)));
    let subtle = scope().crypto().map_err(failed)?.subtle();
    let digest = subtle.digest_with_str_and_buffer_source("SHA-256", bytes).map_err(failed)?;
    let digest = Uint8Array::new(&JsFuture::from(digest).await.map_err(failed)?).to_vec();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Asks for `url`, from byte `from` on. The answer's status is the caller's to look at.
pub async fn fetch(url: &str, from: u64, cached: bool, signal: &AbortSignal) -> Result<Response, Fault> {
    let failed =
        |error: JsValue| Fault::new(FaultKind::Network, format!("{url} cannot be fetched: {}", text_of(&error)));
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

/// The whole of a small file.
pub async fn fetch_all(url: &str, signal: &AbortSignal) -> Result<Vec<u8>, Fault> {
    let response = fetch(url, 0, true, signal).await?;
    if !response.ok() {
        return Err(Fault::new(FaultKind::Network, format!("{url} cannot be fetched: HTTP {}", response.status())));
    }
    let failed = |error: JsValue| Fault::new(FaultKind::Network, format!("{url} broke off: {}", text_of(&error)));
    let body = JsFuture::from(response.array_buffer().map_err(failed)?).await.map_err(failed)?;
    Ok(Uint8Array::new(&body).to_vec())
}

/// Lets `promise` come to its end, whichever that is: there is nobody to tell if it fails.
pub fn forget(promise: Promise) {
    spawn_local(async move {
        let _ = JsFuture::from(promise).await;
    });
}

/// Length of the file at `url`, by the header of its answer.
pub async fn length(url: &str, signal: &AbortSignal) -> Result<u64, Fault> {
    let response = fetch(url, 0, false, signal).await?;
    let length = response.headers().get("Content-Length").ok().flatten().and_then(|length| length.parse().ok());
    if let Some(body) = response.body() {
        forget(body.cancel()); // only the header is wanted
    }
    match response.status() {
        200..300 => length.ok_or_else(|| {
            Fault::new(FaultKind::Failure, format!("{url}: the server does not say how long the file is"))
        }),
        // Hugging Face answers 401 for what does not exist and for what may not be seen.
        status @ (401 | 403 | 404) => {
            let text = format!(
                "{url}: there is no such file, or it may be fetched only by those who are signed in (HTTP {status}); check \
                 the address, or download the file in a tab and open it here"
            );
            Err(Fault::new(FaultKind::Input, text))
        }
        status => {
            Err(Fault::new(FaultKind::Network, format!("{url}: the server answers HTTP {status}; try again later")))
        }
    }
}

/// Refuses what needs `bytes` more than the browser offers.
pub async fn require_room(bytes: u64) -> Result<(), Fault> {
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
            Err(Fault::new(FaultKind::Quota, text))
        }
    }
}

/// What the browser tells of its GPU, such as `arm valhall`.
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

/// Figures of the browser's storage.
pub async fn storage() -> Result<Storage, Fault> {
    let failed =
        |error: JsValue| Fault::new(FaultKind::Failure, format!("storage cannot be asked about: {}", text_of(&error)));
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

/// Lets messages in between steps of work. Timers would do too, but browsers delay nested ones by 4 ms each.
pub struct Breath {
    channel: MessageChannel,
}

impl Breath {
    /// A channel to the worker itself.
    ///
    /// # Errors
    /// If the browser gives none.
    pub fn new() -> Result<Self, JsValue> {
        let channel = MessageChannel::new()?;
        channel.port2().start();
        Ok(Self { channel })
    }

    /// Resumes after the messages that are already waiting. Several may wait; the first message wakes them all.
    pub async fn take(&self) {
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
