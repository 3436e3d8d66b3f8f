//! Registries that lie, and connections that break.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aecp_oci::{Descriptor, Manifest, media};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    fn read(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let mut words = line.split_whitespace();
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            match line.trim_end().split_once(':') {
                Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
                None => break,
            }
        }
        let request = Self {
            method,
            path,
            headers,
        };
        let length = request
            .header("content-length")
            .and_then(|text| text.parse().ok());
        io::copy(&mut reader.take(length.unwrap_or(0)), &mut io::sink()).ok()?;
        Some(request)
    }
}

/// A server that does whatever a test wants, one request for each connection.
pub struct Faulty {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
}

type Handler = dyn Fn(&Request, &mut TcpStream) -> io::Result<()> + Send + Sync;

impl Faulty {
    pub fn start(
        handler: impl Fn(&Request, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (handler, requests): (Arc<Handler>, _) = (Arc::new(handler), seen.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (handler, requests) = (handler.clone(), requests.clone());
                std::thread::spawn(move || {
                    let mut stream = stream;
                    if let Some(request) = Request::read(&stream) {
                        requests.lock().unwrap().push(request.clone());
                        // Whoever is lied to often goes away.
                        let _ = handler(&request, &mut stream);
                    }
                    let _ = stream.shutdown(Shutdown::Both);
                });
            }
        });
        Self { address, seen }
    }

    /// A registry with one artifact under every tag, whose layer `blob` answers for.
    pub fn with_artifact(
        artifact: Artifact,
        blob: impl Fn(&Request, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self::start(move |request, stream| {
            if request.path.contains("/manifests/sha256-") || request.path.contains("/referrers/") {
                return answer(stream, "404 Not Found", &[], b"");
            }
            if request.path.contains("/manifests/") {
                return artifact.manifest(request, stream);
            }
            if request.path.contains(&artifact.config.digest.to_string()) {
                return answer(stream, "200 OK", &[], media::EMPTY_BYTES);
            }
            blob(request, stream)
        })
    }

    pub fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    pub fn repository(&self) -> String {
        format!("{}/a", self.address)
    }
}

/// A component with one layer.
#[derive(Clone)]
pub struct Artifact {
    pub layer: Descriptor,
    pub config: Descriptor,
    pub descriptor: Descriptor,
    pub bytes: Vec<u8>,
}

impl Artifact {
    pub fn new(layer: Descriptor) -> Self {
        let manifest = Manifest::of_artifact("application/vnd.test", vec![layer.clone()]);
        let bytes = manifest.to_bytes().unwrap();
        Self {
            layer,
            config: manifest.config,
            descriptor: Descriptor::of(media::MANIFEST, &bytes),
            bytes,
        }
    }

    pub fn manifest(&self, request: &Request, stream: &mut TcpStream) -> io::Result<()> {
        let digest = self.descriptor.digest.to_string();
        let headers = [
            ("Content-Type", media::MANIFEST),
            ("Docker-Content-Digest", &digest),
        ];
        if request.method == "HEAD" {
            head(stream, "200 OK", &headers, Some(self.descriptor.size))
        } else {
            answer(stream, "200 OK", &headers, &self.bytes)
        }
    }
}

pub fn head(
    stream: &mut TcpStream,
    status: &str,
    headers: &[(&str, &str)],
    length: Option<u64>,
) -> io::Result<()> {
    let mut text = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    if let Some(length) = length {
        text += &format!("Content-Length: {length}\r\n");
    }
    stream.write_all(format!("{text}\r\n").as_bytes())
}

pub fn answer(stream: &mut TcpStream, status: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<()> {
    head(stream, status, headers, Some(body.len() as u64))?;
    stream.write_all(body)
}

/// A way to a real registry that breaks: the connections that are counted in `breaks` end after so many bytes.
pub struct Breaking {
    pub address: SocketAddr,
    pub connections: Arc<AtomicUsize>,
}

impl Breaking {
    pub fn start(to: String, breaks: &'static [Option<u64>]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let connections: Arc<AtomicUsize> = Arc::default();
        let count = connections.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let limit = breaks
                    .get(count.fetch_add(1, Ordering::SeqCst))
                    .copied()
                    .flatten();
                let server = TcpStream::connect(&to).unwrap();
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    std::thread::spawn(move || {
                        let _ = io::copy(&mut (&mut from).take(limit.unwrap_or(u64::MAX)), &mut to);
                        let _ = from.shutdown(Shutdown::Both);
                        let _ = to.shutdown(Shutdown::Both);
                    });
                }
            }
        });
        Self { address, connections }
    }
}
