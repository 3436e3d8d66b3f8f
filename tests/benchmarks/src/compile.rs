//! What compiling costs: policies in fifty packages are analysed and become a component, or two, phase by phase.
//!
//! Each run is a process of its own, so that what it needs in memory is what it needs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use aecp_compiler::analysis::{self, Budget};
use aecp_compiler::source::SourceFile;
use aecp_engine::{Limits, Runtime};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::corpus::{Corpus, Shape};
use crate::decide::{COMPONENT, checked};
use crate::error::Error;
use crate::report::{Spread, Table, figure, milliseconds, rounded};

/// How many policies, and how often.
const CASES: [(usize, usize); 2] = [(1_000, 7), (100_000, 1)];
const PACKAGES: usize = 50;

/// One run, as its process tells it. Milliseconds and MiB.
#[derive(Debug, Serialize, Deserialize)]
struct Run {
    read_ms: f64,
    check_ms: f64,
    /// What `aecp analyse` looks for, package by package.
    analysis_ms: f64,
    findings: usize,
    not_decided: usize,
    emit_ms: f64,
    wrap_ms: f64,
    /// Most memory up to here.
    peak_mib: f64,
    /// Setting up an engine that can compile.
    engine_ms: f64,
    native_ms: f64,
    peak_with_native_mib: f64,
    components: usize,
    component_bytes: usize,
    native_bytes: usize,
}

impl Run {
    fn total(&self) -> f64 {
        self.read_ms + self.check_ms + self.analysis_ms + self.emit_ms + self.wrap_ms
    }
}

/// What is shown of a run: a name, and how to get it.
type Column = (&'static str, fn(&Run) -> f64);

const COLUMNS: [Column; 11] = [
    ("read_ms", |run| run.read_ms),
    ("check_ms", |run| run.check_ms),
    ("analysis_ms", |run| run.analysis_ms),
    ("emit_ms", |run| run.emit_ms),
    ("wrap_ms", |run| run.wrap_ms),
    ("total_ms", Run::total),
    ("peak_mib", |run| run.peak_mib),
    ("engine_ms", |run| run.engine_ms),
    ("native_ms", |run| run.native_ms),
    ("total_with_native_ms", |run| {
        run.total() + run.engine_ms + run.native_ms
    }),
    ("peak_with_native_mib", |run| run.peak_with_native_mib),
];

/// Measures all cases.
pub(crate) fn run() -> Result<(), Error> {
    CASES
        .into_iter()
        .try_for_each(|(policies, runs)| measure(policies, runs))
}

fn measure(policies: usize, count: usize) -> Result<(), Error> {
    let folder = tempfile::tempdir().map_err(Error::file("make", &std::env::temp_dir()))?;
    write_packages(folder.path(), policies)?;
    let runs = (0..count)
        .map(|_| in_its_own_process(folder.path()))
        .collect::<Result<Vec<_>, _>>()?;
    let mut fields = json!({
        "policies": policies,
        "packages": PACKAGES,
        "runs": count,
        "findings": runs.first().map(|run| run.findings),
        "not_decided": runs.first().map(|run| run.not_decided),
        "components": runs.first().map(|run| run.components),
        "component_bytes": runs.first().map(|run| run.component_bytes),
        "native_bytes": runs.first().map(|run| run.native_bytes),
        "audit_class": "REQUIRED",
        "concurrency": 1,
    });
    let mut table = Table::new(&["phase", "median", "least", "most"]);
    for (name, column) in COLUMNS {
        let spread = Spread::of(runs.iter().map(column));
        if let Some(fields) = fields.as_object_mut() {
            fields.insert(name.to_owned(), rounded(spread.median).into());
            fields.insert(format!("{name}_min"), rounded(spread.least).into());
            fields.insert(format!("{name}_max"), rounded(spread.most).into());
        }
        let numbers = [spread.median, spread.least, spread.most].map(|number| format!("{number:.1}"));
        table.row([name.to_owned()].into_iter().chain(numbers));
    }
    figure(
        "compile",
        &format!("{policies} policies in {PACKAGES} packages"),
        fields,
    );
    table.print(&format!(
        "compile: {policies} policies in {PACKAGES} packages to components, {count} runs"
    ));
    Ok(())
}

fn write_packages(folder: &Path, policies: usize) -> Result<(), Error> {
    for (name, sources) in Corpus::new(policies, Shape::Distinct).packages(PACKAGES) {
        write_sources(&folder.join(name), &sources)?;
    }
    Ok(())
}

/// Writes the sources of one package into a folder, which is made.
pub(crate) fn write_sources(folder: &Path, sources: &[SourceFile]) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
    for source in sources {
        let path = folder.join(&source.name);
        fs::write(&path, &source.text).map_err(Error::file("write", &path))?;
    }
    Ok(())
}

fn in_its_own_process(folder: &Path) -> Result<Run, Error> {
    let program = std::env::current_exe().map_err(Error::program("benchmarks"))?;
    let output = Command::new(&program)
        .arg("compile-once")
        .arg(folder)
        .stderr(Stdio::inherit())
        .output()
        .map_err(Error::program(program.display()))?;
    if !output.status.success() {
        return Err(Error::Worthless(format!(
            "a run of the compiler ended with {}",
            output.status
        )));
    }
    serde_json::from_slice(&output.stdout).map_err(Error::part("reading what a run of the compiler wrote"))
}

/// One run over the packages in a folder; writes what it took to standard output.
pub(crate) fn once(folder: &Path) -> Result<(), Error> {
    let (folders, read) = timed(|| read_all(folder));
    let folders = folders?;
    let (packages, check) = timed(|| {
        folders
            .iter()
            .map(|sources| checked(sources))
            .collect::<Result<Vec<_>, _>>()
    });
    let packages = packages?;
    let (analyses, analysis) = timed(|| {
        let analyses = packages
            .iter()
            .map(|package| analysis::analyse(package, Budget::scaled(package.policies.len())));
        analyses.collect::<Vec<_>>()
    });
    let largest = packages.iter().map(|package| package.policies.len()).max();
    let together = COMPONENT.checked_div(largest.unwrap_or(1)).unwrap_or(1).max(1);
    let all = |cores: Vec<Result<Vec<u8>, _>>| cores.into_iter().collect::<Result<Vec<_>, _>>();
    let (cores, emit) = timed(|| {
        let cores = packages.chunks(together).map(aecp_compiler::emit::core_module);
        all(cores.collect())
    });
    let cores = cores.map_err(Error::part("emitting the core module"))?;
    let (components, wrap) =
        timed(|| all(cores.iter().map(|core| aecp_compiler::emit::wrap(core)).collect()));
    let components = components.map_err(Error::part("wrapping the core module"))?;
    let peak_mib = peak()?;
    let (runtime, engine) = timed(|| Runtime::new(Limits::default()));
    let runtime = runtime.map_err(Error::part("setting up the engine"))?;
    let (natives, compile) = timed(|| {
        let natives = components.iter().map(|component| runtime.compile(component));
        natives.collect::<Result<Vec<_>, _>>()
    });
    let natives = natives.map_err(Error::part("compiling the component"))?;
    let run = Run {
        read_ms: milliseconds(read),
        check_ms: milliseconds(check),
        analysis_ms: milliseconds(analysis),
        findings: analyses.iter().map(|analysis| analysis.findings.len()).sum(),
        not_decided: analyses.iter().map(|analysis| analysis.not_decided.len()).sum(),
        emit_ms: milliseconds(emit),
        wrap_ms: milliseconds(wrap),
        peak_mib,
        engine_ms: milliseconds(engine),
        native_ms: milliseconds(compile),
        peak_with_native_mib: peak()?,
        components: components.len(),
        component_bytes: components.iter().map(Vec::len).sum(),
        native_bytes: natives.iter().map(|native| native.len()).sum(),
    };
    println!("{}", json!(run));
    Ok(())
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    let done = work();
    (done, started.elapsed())
}

fn read_all(folder: &Path) -> Result<Vec<Vec<SourceFile>>, Error> {
    let mut packages = entries(folder)?;
    packages.sort();
    packages.iter().map(|package| read_one(package)).collect()
}

fn read_one(package: &Path) -> Result<Vec<SourceFile>, Error> {
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(SourceFile::new(name, text))
    };
    entries(package)?.into_iter().map(read).collect()
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = || Error::file("read", folder);
    let entries = fs::read_dir(folder).map_err(failed())?;
    entries.map(|entry| Ok(entry.map_err(failed())?.path())).collect()
}

/// The most memory that this process has had so far, in MiB: `VmHWM` of proc(5).
fn peak() -> Result<f64, Error> {
    let path = Path::new("/proc/self/status");
    let status = fs::read_to_string(path).map_err(Error::file("read", path))?;
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().strip_suffix("kB"))
        .and_then(|number| number.trim().parse::<f64>().ok());
    kib.map(|kib| kib / 1024.0)
        .ok_or_else(|| Error::Worthless("`/proc/self/status` has no `VmHWM`".to_owned()))
}
