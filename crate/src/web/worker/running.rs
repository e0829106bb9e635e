//! Summaries and translations: runs the engine and sends what it writes as it comes.

use web_sys::AbortSignal;
use web_time::Instant;

use super::state::{LoadedModel, WorkerState};
use crate::chat::conversation::Conversation;
use crate::engine::{Engine, Event, Metrics, Request};
use crate::error::Result;
use crate::input;
use crate::web::browser::host;
use crate::web::protocol::{Body, GpuMetrics, NoticeKind, Part, Phase, SummaryMetrics};

impl WorkerState {
    /// Runs the loaded model on `chat`. If the GPU fails, loads the model again and starts anew, once.
    pub(super) async fn run(
        &self,
        id: u32,
        chat: &Conversation,
        request: &Request,
        signal: &AbortSignal,
    ) -> Result<Body> {
        let started = Instant::now();
        let _lease = self.lease_engine(signal).await?;
        let mut model = self.model.take().ok_or_else(|| input!("no model is loaded; load one first"))?;
        let mut result = self.run_once(id, &mut model.engine, chat, request, signal).await;
        if let Err(error) = &result
            && error.is_device()
            && !signal.aborted()
        {
            let text = format!("{error}. The model is loaded again.");
            self.page.send(id, Body::Notice { kind: NoticeKind::Restarted, text });
            let LoadedModel { engine, id: model_id, backend, .. } = model;
            drop(engine); // its memory is needed for the next one
            model = self.load_model(id, &model_id, backend, signal).await?;
            result = self.run_once(id, &mut model.engine, chat, request, signal).await;
        }
        if !matches!(&result, Err(error) if error.is_device()) {
            self.model.replace(Some(model));
        }
        let (run, gpu) = result?;
        let total_ms = started.elapsed().as_secs_f64() * 1e3;
        let metrics = SummaryMetrics { run, total_ms, wasm_bytes: host::wasm_bytes(), gpu };
        Ok(Body::Done { cancelled: false, metrics: Some(metrics) })
    }

    async fn run_once(
        &self,
        id: u32,
        engine: &mut Engine,
        chat: &Conversation,
        request: &Request,
        signal: &AbortSignal,
    ) -> Result<(Metrics, Option<GpuMetrics>)> {
        let before = engine.executor().gpu().map(|decoder| decoder.counters());
        let mut run = engine.start(chat, request)?;
        let mut metrics = Metrics::default();
        while let Some(event) = run.next_event().await? {
            self.yielder.yield_now().await;
            if signal.aborted() {
                break;
            }
            match event {
                Event::Notice(text) => self.page.send(id, Body::Notice { kind: NoticeKind::NotMerged, text }),
                Event::Prefill { at, done, total } => {
                    let part = (at.windows > 1).then_some(Part { index: at.window, count: at.windows });
                    let (done, total) = (done as u64, total as u64);
                    self.page.send(id, Body::Progress { phase: Phase::Prefill, done, total, part });
                }
                Event::Text { at, delta } => self.page.send(id, Body::Delta { stage: at.stage, text: delta }),
                Event::Rewritten { at, text, .. } => self.page.send(id, Body::Rewritten { stage: at.stage, text }),
                Event::Draft { written, total, .. } => self.page.send(id, Body::Draft { written, total }),
                Event::Done(done) => metrics = done,
            }
        }
        drop(run);
        let gpu = engine.executor().gpu().zip(before).map(|(decoder, before)| GpuMetrics::since(before, decoder));
        Ok((metrics, gpu))
    }
}
