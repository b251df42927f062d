//! The parts of pipes.h that this plugin uses, as Rust sees them.

use std::ffi::{c_char, c_void};

pub type Status = i32;
pub const OK: Status = 0;
pub const RETRY: Status = -1;
pub const FATAL: Status = -3;

pub const INT: u32 = 2;
pub const STRING: u32 = 4;
pub const LIST: u32 = 6;

pub const RATE_AGGREGATES: u32 = 3;
pub const NO_ROW: u64 = u64::MAX;

#[repr(C)]
#[derive(Clone, Copy)]
pub union Content {
    pub integer: i64,
    pub text: *const u8,
    pub items: *const Value,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Value {
    pub kind: u32,
    pub flags: u32,
    pub content: Content,
    pub size: u64,
}

#[repr(C)]
pub struct Batch {
    pub count: u64,
    pub width: u64,
    pub columns: *const *const Value,
}

impl Batch {
    /// The rows of the first input.
    ///
    /// # Safety
    /// Only inside the call that this batch belongs to.
    pub unsafe fn rows(&self) -> &[Value] {
        std::slice::from_raw_parts(*self.columns, self.count as usize)
    }
}

/// The first functions of the host; there are more behind them.
#[repr(C)]
pub struct Host {
    pub struct_size: u32,
    pub minor: u32,
    pub alloc: unsafe extern "C" fn(*mut Call, usize, usize) -> *mut c_void,
    pub adopt: *const c_void,
    pub emit: unsafe extern "C" fn(*mut Call, u32, u64, *const Value) -> Status,
}

/// The head of a call.
#[repr(C)]
pub struct Call {
    pub host: *const Host,
}

#[repr(C)]
pub struct Port {
    pub struct_size: u32,
    pub kind: u32,
    pub name: *const c_char,
    pub help: *const c_char,
}

type Open =
    unsafe extern "C" fn(*const Host, *mut c_void, *const Value, usize, *mut *mut c_void) -> Status;
type Process = unsafe extern "C" fn(*mut c_void, *mut Call, *const Batch) -> Status;
type Flush = unsafe extern "C" fn(*mut c_void, *mut Call) -> Status;
type Close = unsafe extern "C" fn(*mut c_void);

#[repr(C)]
pub struct Processor {
    pub struct_size: u32,
    pub flags: u32,
    pub name: *const c_char,
    pub summary: *const c_char,
    pub params: *const c_void,
    pub param_count: u32,
    pub input_count: u32,
    pub inputs: *const Port,
    pub output_count: u32,
    pub rate: u32,
    pub outputs: *const Port,
    pub holds: *const c_char,
    pub open: Option<Open>,
    pub produce: *const c_void,
    pub map: *const c_void,
    pub process: Option<Process>,
    pub flush: Option<Flush>,
    pub cancel: *const c_void,
    pub interrupt: *const c_void,
    pub close: Option<Close>,
    pub function: *const c_void,
    pub signature: *const c_char,
}

#[repr(C)]
pub struct Plugin {
    pub struct_size: u32,
    pub minor: u32,
    pub name: *const c_char,
    pub version: *const c_char,
    pub summary: *const c_char,
    pub toolchain: *const c_char,
    pub processors: *const Processor,
    pub processor_count: u64,
}

// Nobody writes to a description: it may be read from any thread.
unsafe impl Sync for Port {}
unsafe impl Sync for Processor {}
unsafe impl Sync for Plugin {}
