//! The WASI that guests of ordinary toolchains find, which gives them nothing.
//!
//! A guest that was built with a standard library imports `wasi:*@0.2` whether it uses it or not. Here it finds no
//! argument, no environment variable, no file and no socket; its clock stands at the request's time; what it prints
//! goes nowhere; and whatever else it calls, randomness above all, traps. So it stays a function of its input.

use std::sync::Arc;

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{
    Component, ComponentType, Lift, Linker, LinkerInstance, Lower, Resource, ResourceType,
};
use wasmtime::{Engine, Error, Result, StoreContextMut};

use crate::limits::{CallLimits, Limiter};
use crate::sink::Outlet;

/// What a guest's store holds.
pub(crate) struct Guest {
    pub(crate) limiter: Limiter,
    /// Nanoseconds since 1970.
    now: i64,
    /// A sink's way out, and the endpoints that it has declared.
    pub(crate) outlet: Option<(Arc<dyn Outlet>, Vec<String>)>,
}

impl Guest {
    pub(crate) fn new(limits: CallLimits, now: i64) -> Self {
        Self {
            limiter: Limiter::new(limits),
            now,
            outlet: None,
        }
    }
}

/// A linker with what `component` imports of WASI, and nothing else.
pub(crate) fn linker(engine: &Engine, component: &Component) -> Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    for (name, import) in component.component_type().imports(engine) {
        let Some(interface) = name.strip_prefix("wasi:") else {
            continue;
        };
        let (interface, version) = interface.split_once('@').unwrap_or((interface, ""));
        if version != "0.2" && !version.starts_with("0.2.") {
            return Err(Error::msg(format!(
                "it imports `{name}`; of WASI, only 0.2 is there"
            )));
        }
        let ComponentItem::ComponentInstance(instance) = import.ty else {
            return Err(Error::msg(format!("it imports `{name}`, which is no interface")));
        };
        let mut into = linker.instance(name)?;
        for (item, extern_item) in instance.exports(engine) {
            define(&mut into, interface, item, &extern_item.ty)?;
        }
    }
    Ok(linker)
}

fn define(
    into: &mut LinkerInstance<'_, Guest>,
    interface: &str,
    item: &str,
    kind: &ComponentItem,
) -> Result<()> {
    match kind {
        ComponentItem::Resource(_) => into.resource(item, ResourceType::host::<Nothing>(), |_, _| Ok(())),
        ComponentItem::ComponentFunc(_) if define_answer(into, interface, item)? => Ok(()),
        ComponentItem::ComponentFunc(_) => {
            let name = format!("wasi:{interface}.{item}");
            into.func_new(item, move |_, _, _, _| {
                Err(Error::msg(format!("called `{name}`, which is not granted")))
            })
        }
        // Types need no definition.
        _ => Ok(()),
    }
}

/// Stands for every resource of WASI. There is nothing behind one.
struct Nothing;

/// `wasi:io/streams.stream-error`, as far as writing nowhere needs it.
#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
#[allow(dead_code, reason = "the type is the wire's; nothing here fails")]
enum StreamError {
    #[component(name = "last-operation-failed")]
    LastOperationFailed(Resource<Nothing>),
    #[component(name = "closed")]
    Closed,
}

/// `wasi:clocks/wall-clock.datetime`.
#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

type Store<'a> = StoreContextMut<'a, Guest>;

/// Defines the few functions that an ordinary program calls without doing anything; false if this is none of them.
fn define_answer(into: &mut LinkerInstance<'_, Guest>, interface: &str, item: &str) -> Result<bool> {
    /// How much a stream to nowhere takes at once.
    const APPETITE: u64 = 1 << 20;
    match (interface, item) {
        ("cli/environment", "get-environment") => {
            into.func_wrap(item, |_: Store<'_>, (): ()| Ok((Vec::<(String, String)>::new(),)))?;
        }
        ("cli/environment", "get-arguments") => {
            into.func_wrap(item, |_: Store<'_>, (): ()| Ok((Vec::<String>::new(),)))?;
        }
        ("cli/environment", "initial-cwd") => {
            into.func_wrap(item, |_: Store<'_>, (): ()| Ok((None::<String>,)))?;
        }
        ("cli/stdin", "get-stdin") | ("cli/stdout", "get-stdout") | ("cli/stderr", "get-stderr") => {
            into.func_wrap(item, |_: Store<'_>, (): ()| {
                Ok((Resource::<Nothing>::new_own(0),))
            })?;
        }
        ("cli/terminal-stdin" | "cli/terminal-stdout" | "cli/terminal-stderr", _) => {
            into.func_wrap(item, |_: Store<'_>, (): ()| Ok((None::<Resource<Nothing>>,)))?;
        }
        ("clocks/wall-clock", "now") => {
            into.func_wrap(item, |store: Store<'_>, (): ()| Ok((datetime(store.data().now),)))?;
        }
        ("clocks/monotonic-clock", "now") => {
            into.func_wrap(item, |store: Store<'_>, (): ()| {
                Ok((u64::try_from(store.data().now).unwrap_or(0),))
            })?;
        }
        ("filesystem/preopens", "get-directories") => {
            into.func_wrap(item, |_: Store<'_>, (): ()| {
                Ok((Vec::<(Resource<Nothing>, String)>::new(),))
            })?;
        }
        ("io/streams", "[method]output-stream.check-write") => {
            into.func_wrap(item, |_: Store<'_>, _: (Resource<Nothing>,)| {
                Ok((Ok::<u64, StreamError>(APPETITE),))
            })?;
        }
        ("io/streams", "[method]output-stream.write" | "[method]output-stream.blocking-write-and-flush") => {
            into.func_wrap(item, |_: Store<'_>, _: (Resource<Nothing>, Vec<u8>)| {
                Ok((Ok::<(), StreamError>(()),))
            })?;
        }
        ("io/streams", "[method]output-stream.flush" | "[method]output-stream.blocking-flush") => {
            into.func_wrap(item, |_: Store<'_>, _: (Resource<Nothing>,)| {
                Ok((Ok::<(), StreamError>(()),))
            })?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn datetime(now: i64) -> Datetime {
    const SECOND: u64 = 1_000_000_000;
    let now = u64::try_from(now).unwrap_or(0);
    let nanoseconds = u32::try_from(now.checked_rem(SECOND).unwrap_or(0)).unwrap_or(0);
    Datetime {
        seconds: now.checked_div(SECOND).unwrap_or(0),
        nanoseconds,
    }
}
