//! What is said: records, tables, pages, commands and their answers. One program, since linking each costs more than running it.

#[path = "../common/mod.rs"]
mod common;

mod advise;
mod builds;
mod census;
mod claims;
mod compared;
mod compiled;
mod documents;
mod examples;
mod formulas;
mod helps;
mod kept;
mod machines;
mod matrices;
mod merged;
mod modules;
mod named;
mod pages;
mod queries;
mod records;
mod rendered;
mod reports;
mod selfcheck;
mod site;
