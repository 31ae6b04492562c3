//! GCJ-02, the offset coordinates that maps in China are published in, and WGS84, which alone is stored.
//!
//! The offset is not officially published. The formula is the one in public use since 2013 (EvilTransform, and from it
//! gcoord, coordtransform and others): a polynomial with sine waves around 105° E 35° N, in metres, turned into degrees
//! on the Krasovsky 1940 ellipsoid. Every map library agrees on it to well under a metre. This module must never be
//! used on coordinates that are stored: conversion happens once, at the door.

use std::f64::consts::PI;

/// Semi-major axis of the Krasovsky 1940 ellipsoid, metres.
const KRASOVSKY_A: f64 = 6_378_245.0;
/// Its first eccentricity squared.
const KRASOVSKY_E2: f64 = 0.006_693_421_622_965_943;
/// Steps of the inversion; each shrinks the error by more than a hundred times.
const STEPS: u32 = 6;

/// GCJ-02 (longitude, latitude) to WGS84, degrees.
///
/// The offset has no closed inverse; the fixed point of `w = g − offset(w)` is found in a few steps, to millimetres.
/// Outside the rectangle around China nothing is shifted.
pub fn to_wgs84(lon: f64, lat: f64) -> (f64, f64) {
    if is_outside(lon, lat) {
        return (lon, lat);
    }
    (0..STEPS).fold((lon, lat), |(w_lon, w_lat), _| {
        let (d_lon, d_lat) = offset(w_lon, w_lat);
        (lon - d_lon, lat - d_lat)
    })
}

/// WGS84 (longitude, latitude) to GCJ-02, degrees: for maps that ask for it.
pub fn to_gcj02(lon: f64, lat: f64) -> (f64, f64) {
    if is_outside(lon, lat) {
        return (lon, lat);
    }
    let (d_lon, d_lat) = offset(lon, lat);
    (lon + d_lon, lat + d_lat)
}

/// The rectangle of the public formula; it holds some land that is not China's as well.
fn is_outside(lon: f64, lat: f64) -> bool {
    !(72.004..=137.8347).contains(&lon) || !(0.8293..=55.8271).contains(&lat)
}

/// What GCJ-02 adds to WGS84 at a point, degrees.
fn offset(lon: f64, lat: f64) -> (f64, f64) {
    let (x, y) = (lon - 105.0, lat - 35.0);
    let wave = |v: f64, a: f64, b: f64| (a * (v * PI).sin() + b * (v / 3.0 * PI).sin()) * 2.0 / 3.0;
    let short = ((6.0 * x * PI).sin() + (2.0 * x * PI).sin()) * 20.0 * 2.0 / 3.0;
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + short
        + wave(y, 20.0, 40.0)
        + (160.0 * (y / 12.0 * PI).sin() + 320.0 * (y * PI / 30.0).sin()) * 2.0 / 3.0;
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + short
        + wave(x, 20.0, 40.0)
        + (150.0 * (x / 12.0 * PI).sin() + 300.0 * (x / 30.0 * PI).sin()) * 2.0 / 3.0;
    let radians = lat.to_radians();
    let magic = 1.0 - KRASOVSKY_E2 * radians.sin().powi(2);
    let root = magic.sqrt();
    let d_lat = (north * 180.0) / ((KRASOVSKY_A * (1.0 - KRASOVSKY_E2)) / (magic * root) * PI);
    let d_lon = (east * 180.0) / (KRASOVSKY_A / root * radians.cos() * PI);
    (d_lon, d_lat)
}
