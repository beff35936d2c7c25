//! The mock server: a process of its own, and how the process that measures starts and asks it.
//!
//! A program that measures starts itself again with an argument of its own, as it does for rounds. The server says
//! where it listens in the first line of its standard output, then answers each line of its standard input with one:
//!
//! | question | answer |
//! |---|---|
//! | `reset` | `done`: what it kept of requests is forgotten (wiremock keeps every request that it matched) |
//! | `cpu` | `cpu NANOSECONDS`: CPU time of all its threads so far |
//!
//! Instead of any answer it may say `failed REASON`. It ends when its standard input ends, and, on Linux, when the
//! process that started it is killed.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use super::content::{Kind, Resource};
use crate::locked::lock;
use crate::usage::process_cpu_time;

/// The first argument that makes a program the mock server instead of itself.
pub const ARGUMENT: &str = "--mock-server-of-join-vs-spawn";

/// Connections that wait to be accepted, at most.
const BACKLOG: u32 = 1024;

/// If this process was started as the mock server, serves and exits; else returns.
pub fn run_if_server() {
    if std::env::args_os().nth(1).is_some_and(|first| first == ARGUMENT) {
        serve(listen);
    }
}

/// Listens on a free port of 127.0.0.1.
///
/// Without Nagle's algorithm, as web servers do: the end of a large body would else wait for an acknowledgement.
fn listen() -> io::Result<TcpListener> {
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.set_nodelay(true)?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    socket.listen(BACKLOG)?.into_std()
}

/// Serves on what `listen` returns until standard input ends.
pub fn serve(listen: impl FnOnce() -> io::Result<TcpListener>) -> ! {
    // The end of standard input tells as much, but not to a server that is stopped in the meantime.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = runtime.and_then(|runtime| runtime.block_on(answer(listen)));
    if let Err(error) = served {
        println!("failed {error}");
    }
    std::process::exit(0);
}

async fn answer(listen: impl FnOnce() -> io::Result<TcpListener>) -> io::Result<()> {
    let listener =
        listen().map_err(|error| io::Error::new(error.kind(), format!("cannot listen on 127.0.0.1: {error}")))?;
    let address = listener.local_addr()?;
    // wiremock serves from a thread and a runtime of its own, so that blocking on standard input does no harm.
    let server = MockServer::builder()
        .listener(listener)
        .disable_request_recording()
        .start()
        .await;
    let shelf = Arc::new(Shelf::default());
    let mount = || Mock::given(wiremock::matchers::any()).respond_with(Served(shelf.clone()));
    mount().mount(&server).await;
    println!("listening {address}");
    for line in io::stdin().lock().lines() {
        match line?.as_str() {
            "reset" => {
                server.reset().await;
                mount().mount(&server).await;
                println!("done");
            }
            "cpu" => println!("cpu {}", process_cpu_time().as_nanos()),
            other => println!("failed no such question: {other}"),
        }
    }
    Ok(())
}

/// The responses, made when they are first asked for.
#[derive(Default)]
struct Shelf {
    responses: Mutex<HashMap<Resource, ResponseTemplate>>,
}

struct Served(Arc<Shelf>);

impl Respond for Served {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let Some(resource) = Resource::of_path(request.url.path()) else {
            return ResponseTemplate::new(404);
        };
        lock(&self.0.responses)
            .entry(resource)
            .or_insert_with(|| {
                let response = ResponseTemplate::new(200);
                let response = match resource.kind {
                    Kind::Body => response.set_body_raw(resource.body(), "text/plain"),
                    Kind::Json => response.set_body_raw(resource.body(), "application/json"),
                };
                match resource.late_ms {
                    0 => response,
                    late => response.set_delay(Duration::from_millis(late)),
                }
            })
            .clone()
    }
}

/// A mock server that this process started.
pub struct Server {
    address: SocketAddr,
    pid: u32,
    conversation: Mutex<Conversation>,
    /// Held by whoever fetches: a reset must not come in between.
    pub in_use: Arc<tokio::sync::Mutex<()>>,
}

struct Conversation {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// The servers that were started, each by the name that it was asked for.
static SERVERS: Mutex<Vec<(String, &'static Server)>> = Mutex::new(Vec::new());

/// The server that clients talk to from now on.
static CHOSEN: Mutex<Option<&'static Server>> = Mutex::new(None);

/// Makes the server of that name the one that clients talk to; starts it where there is none yet.
///
/// # Errors
///
/// Why there is none: it could not be started, or did not say where it listens.
pub fn choose(name: &str) -> Result<(), String> {
    let mut servers = lock(&SERVERS);
    let server = match servers.iter().find(|(known, _)| known == name) {
        Some((_, server)) => server,
        None => {
            // It lives as long as the process, which is short.
            let server: &'static Server = Box::leak(Box::new(Server::start()?));
            servers.push((name.to_owned(), server));
            server
        }
    };
    *lock(&CHOSEN) = Some(server);
    Ok(())
}

/// The server that was chosen last; one is started where none was.
///
/// # Errors
///
/// Why there is none: it could not be started, or did not say where it listens.
pub fn server() -> Result<&'static Server, String> {
    if let Some(server) = *lock(&CHOSEN) {
        return Ok(server);
    }
    choose("any")?;
    lock(&CHOSEN).ok_or_else(|| "no mock server was chosen".to_owned())
}

/// The processes of all servers that were started.
pub fn started() -> Vec<u32> {
    lock(&SERVERS).iter().map(|(_, server)| server.pid).collect()
}

impl Server {
    /// On Linux the server dies with the thread that started it, so that one that may end hands this to another, which
    /// stays. The main thread does it itself: what it measures on one thread is to have no other.
    fn start() -> Result<Self, String> {
        if main_thread() {
            return Self::start_here();
        }
        let (sender, started) = channel();
        std::thread::spawn(move || {
            let _ = sender.send(Self::start_here());
            loop {
                std::thread::park();
            }
        });
        let started = started.recv();
        started.unwrap_or_else(|_| Err("the mock server's keeper panicked".to_owned()))
    }

    fn start_here() -> Result<Self, String> {
        let no_server = |error: io::Error| format!("the mock server could not be started: {error}");
        let mut child = std::env::current_exe()
            .and_then(|program| {
                Command::new(program)
                    .arg(ARGUMENT)
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
            })
            .map_err(no_server)?;
        let pipes = "standard input and output are piped";
        let mut conversation = Conversation {
            input: child.stdin.take().expect(pipes),
            output: BufReader::new(child.stdout.take().expect(pipes)),
        };
        let address = conversation
            .answer("listening")?
            .parse()
            .map_err(|_| "the mock server said something else than an address".to_owned())?;
        Ok(Self {
            address,
            pid: child.id(),
            conversation: Mutex::new(conversation),
            in_use: Arc::default(),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes it forget the requests that it served.
    ///
    /// # Errors
    ///
    /// Where it does not answer.
    pub fn reset(&self) -> Result<(), String> {
        self.ask("reset", "done").map(drop)
    }

    /// CPU time of all its threads so far.
    ///
    /// # Errors
    ///
    /// Where it does not answer, or the system does not count.
    pub fn cpu_time(&self) -> Result<Duration, String> {
        let answer = self.ask("cpu", "cpu")?;
        let nanoseconds = answer.parse();
        nanoseconds
            .map(Duration::from_nanos)
            .map_err(|_| format!("the mock server said cpu {answer}"))
    }

    fn ask(&self, question: &str, answer: &str) -> Result<String, String> {
        let mut conversation = lock(&self.conversation);
        // Where it is gone, its silence says so.
        let _ = conversation.input.write_all(format!("{question}\n").as_bytes());
        conversation.answer(answer)
    }
}

/// Whether this is the thread that the process began with.
fn main_thread() -> bool {
    #[cfg(target_os = "linux")]
    {
        rustix::thread::gettid() == rustix::process::getpid()
    }
    #[cfg(not(target_os = "linux"))]
    false
}

impl Conversation {
    /// The next line, which begins with `word`, without it. A server that says nothing is noticed by whoever watches this
    /// process.
    fn answer(&mut self, word: &str) -> Result<String, String> {
        let mut line = String::new();
        let read = self.output.read_line(&mut line);
        if !read.is_ok_and(|bytes| bytes > 0) {
            return Err("the mock server is gone".to_owned());
        }
        let line = line.trim_end();
        if let Some(reason) = line.strip_prefix("failed ") {
            return Err(format!("the mock server: {reason}"));
        }
        let rest = line.strip_prefix(word);
        rest.map(|rest| rest.trim_start().to_owned())
            .ok_or_else(|| format!("the mock server said `{line}`, not `{word}`"))
    }
}
