//! Sine and cosine to a few units in the last place, for arguments up to some 10^4. WGSL's own are promised to
//! 2^-11 alone, and only between -π and π.

// x as a number of quarter turns and the angle that is left, at most π/4.
struct Turn {
  quarters: i32,
  angle: f32,
}

fn turn_of(x: f32) -> Turn {
  let quarters = round(x * 0.63661977);
  // π/2 in parts short enough that the first two products are exact (Cody and Waite).
  let coarse = (x - quarters * 1.5703125) - quarters * 4.837512969970703e-4;
  return Turn(i32(quarters), coarse - quarters * 7.549789948768648e-8);
}

// Power series; what they leave out is below 3e-8 up to π/4.
fn sine_near_0(x: f32) -> f32 {
  let z = x * x;
  return x - x * z * (1.0 / 6.0 - z * (1.0 / 120.0 - z * (1.0 / 5040.0 - z / 362880.0)));
}

fn cosine_near_0(x: f32) -> f32 {
  let z = x * x;
  return 1.0 - z * (0.5 - z * (1.0 / 24.0 - z * (1.0 / 720.0 - z / 40320.0)));
}

fn sine(t: Turn) -> f32 {
  let size = select(sine_near_0(t.angle), cosine_near_0(t.angle), (t.quarters & 1) == 1);
  return select(size, -size, (t.quarters & 2) == 2);
}

fn cosine(t: Turn) -> f32 {
  return sine(Turn(t.quarters + 1, t.angle));
}
