//! An aggregate: how often each text came, said once all have come.

mod pipes;

use pipes::*;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::mem::size_of;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::null;

type Tally = BTreeMap<Vec<u8>, i64>;

/// A panic must not cross the line: the node is broken then, and the graph stops.
fn guarded(work: impl FnOnce() -> Status) -> Status {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(FATAL)
}

unsafe extern "C" fn open(
    _host: *const Host,
    _node: *mut c_void,
    _args: *const Value,
    _count: usize,
    state: *mut *mut c_void,
) -> Status {
    *state = Box::into_raw(Box::new(Tally::new())).cast();
    OK
}

unsafe extern "C" fn add(state: *mut c_void, _call: *mut Call, batch: *const Batch) -> Status {
    guarded(|| {
        let tally = &mut *state.cast::<Tally>();
        for row in (*batch).rows() {
            let text = std::slice::from_raw_parts(row.content.text, row.size as usize);
            match tally.get_mut(text) {
                Some(count) => *count += 1,
                None => {
                    tally.insert(text.to_vec(), 1);
                }
            }
        }
        OK
    })
}

unsafe extern "C" fn flush(state: *mut c_void, call: *mut Call) -> Status {
    guarded(|| {
        for (text, count) in &*state.cast::<Tally>() {
            let status = emit(call, text, *count);
            if status != OK {
                return status;
            }
        }
        OK
    })
}

/// Emits `[text, count]`, in memory that goes with the row.
unsafe fn emit(call: *mut Call, text: &[u8], count: i64) -> Status {
    let host = &*(*call).host;
    let copy: *mut u8 = (host.alloc)(call, text.len().max(1), 1).cast();
    let items: *mut Value = (host.alloc)(call, 2 * size_of::<Value>(), 8).cast();
    if copy.is_null() || items.is_null() {
        return RETRY;
    }
    copy.copy_from_nonoverlapping(text.as_ptr(), text.len());
    let value = |kind, content, size| Value {
        kind,
        flags: 0,
        content,
        size,
    };
    items.write(value(STRING, Content { text: copy }, text.len() as u64));
    items
        .add(1)
        .write(value(INT, Content { integer: count }, 0));
    (host.emit)(call, 0, NO_ROW, &value(LIST, Content { items }, 2))
}

unsafe extern "C" fn close(state: *mut c_void) {
    drop(Box::from_raw(state.cast::<Tally>()));
}

static INPUTS: [Port; 1] = [Port {
    struct_size: size_of::<Port>() as u32,
    kind: STRING,
    name: c"text".as_ptr(),
    help: c"any text".as_ptr(),
}];

static OUTPUTS: [Port; 1] = [Port {
    struct_size: size_of::<Port>() as u32,
    kind: LIST,
    name: c"tally".as_ptr(),
    help: c"a text, and how often it came".as_ptr(),
}];

static PROCESSORS: [Processor; 1] = [Processor {
    struct_size: size_of::<Processor>() as u32,
    flags: 0,
    name: c"texts".as_ptr(),
    summary: c"Counts how often each text comes; in the order of their bytes.".as_ptr(),
    params: null(),
    param_count: 0,
    input_count: 1,
    inputs: INPUTS.as_ptr(),
    output_count: 1,
    rate: RATE_AGGREGATES,
    outputs: OUTPUTS.as_ptr(),
    holds: c"all".as_ptr(),
    open: Some(open),
    produce: null(),
    map: null(),
    process: Some(add),
    flush: Some(flush),
    cancel: null(),
    interrupt: null(),
    close: Some(close),
    function: null(),
    signature: null(),
}];

static PLUGIN: Plugin = Plugin {
    struct_size: size_of::<Plugin>() as u32,
    minor: 0,
    name: c"tally".as_ptr(),
    version: c"1.0.0".as_ptr(),
    summary: c"Counts of texts.".as_ptr(),
    toolchain: c"rust".as_ptr(),
    processors: PROCESSORS.as_ptr(),
    processor_count: 1,
};

#[no_mangle]
pub extern "C" fn pipes_plugin_v1(_host: *const Host) -> *const Plugin {
    &PLUGIN
}
