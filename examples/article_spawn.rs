//! The article's `tokio::spawn` example, runnable without the internet: `cargo run --release --example article_spawn`.
//!
//! Three URLs are fetched, each in a task of its own; nobody listens at the second. Its error is reported with its
//! URL, and the other fetches are unharmed. What differs from the article: the URLs are of a server that this program
//! starts on 127.0.0.1, and no proxy stands between.

mod local_server;

use reqwest::Client;
use tokio::task::JoinHandle;

#[tokio::main]
async fn main() {
    let (_server, urls) = local_server::three_urls().await;
    let client = Client::builder().no_proxy().build().expect("a client");

    let handles: Vec<JoinHandle<()>> = urls
        .into_iter()
        .map(|url| {
            let client = client.clone();
            tokio::spawn(async move {
                if let Err(e) = fetch_url(&client, &url).await {
                    eprintln!("Error fetching {url}: {e:?}");
                }
            })
        })
        .collect();

    for handle in handles {
        let _ = handle.await; // Ensure all tasks finish
    }
}

async fn fetch_url(client: &Client, url: &str) -> Result<(), reqwest::Error> {
    let res = client.get(url).send().await?;
    let content = res.text().await?;
    println!("{content:?}");
    Ok(())
}
