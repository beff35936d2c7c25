//! Ways to serve connections, with the same router.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use crate::backend::{accept, not_accepted};
use crate::named::named;

named! {
    /// How connections are served.
    Way {
        /// A task for each connection: what axum does, and users of hyper write.
        TaskPerConnection: "task_per_connection", "a task per connection";
        /// All connections in one task, by `FuturesUnordered`.
        OneTask: "one_task", "all connections in one task";
        /// A task for each connection, and one for each of its requests.
        TaskPerRequest: "task_per_request", "a task per request";
    }
}

/// Serves for ever, by `spawn_local` where `local` says so.
pub async fn serve(listener: TcpListener, router: Router, way: Way, local: bool) {
    match way {
        Way::TaskPerConnection => {
            accept(listener, |stream| {
                let service = TowerToHyperService::new(router.clone());
                spawn(local, async move {
                    // What a client does to its connection is the client's business.
                    let _ = http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            })
            .await;
        }
        Way::OneTask => {
            let mut connections = FuturesUnordered::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => match accepted {
                        Ok((stream, _)) => {
                            let _ = stream.set_nodelay(true);
                            connections.push(connection(stream, router.clone()));
                        }
                        Err(error) => not_accepted(&error).await,
                    },
                    Some(()) = connections.next() => {}
                }
            }
        }
        Way::TaskPerRequest => {
            accept(listener, |stream| {
                let router = router.clone();
                let service =
                    service_fn(move |request: Request<Incoming>| in_its_own_task(local, router.clone(), request));
                spawn(local, async move {
                    let _ = http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            })
            .await;
        }
    }
}

fn spawn(local: bool, task: impl Future<Output = ()> + Send + 'static) {
    if local {
        tokio::task::spawn_local(task);
    } else {
        tokio::spawn(task);
    }
}

async fn connection(stream: TcpStream, router: Router) {
    let service = TowerToHyperService::new(router);
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// A request's task runs on when its client is gone, since a handle that is dropped leaves its task; and its panic is an answer.
async fn in_its_own_task(local: bool, router: Router, request: Request<Incoming>) -> Result<Response, Infallible> {
    let handled = router.oneshot(request.map(Body::new));
    let task = if local {
        tokio::task::spawn_local(handled)
    } else {
        tokio::spawn(handled)
    };
    match task.await {
        Ok(answered) => answered,
        Err(error) => {
            let mut response = Response::new(Body::from(error.to_string()));
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            Ok(response)
        }
    }
}
