//! Draws for simulated truth.

/// A normal draw with mean 0 and standard deviation 1 (Box–Muller).
pub fn normal(random: &mut fastrand::Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.f64()).cos()
}
