//! Scores of attention: which keys a row sees, and how far a score may go.
//#param SCALE 0.0..
const SCALE: f32 = 0.125;
// Keys that a row sees, itself included; 0: all before it.
//#param WINDOW 0..
const WINDOW: u32 = 0u;
// A score s becomes SOFTCAP * tanh(s / SOFTCAP); 0: stays.
//#param SOFTCAP 0.0..
const SOFTCAP: f32 = 0.0;
// Below any score.
const LOWEST: f32 = -3.0e38;
//#if WINDOW > 0
//: const MOST_SEEN: u32 = min(C, WINDOW);
//:
//: // The first position that the row at `position` sees.
//: fn first_seen(position: u32) -> u32 {
//:   return max(position + 1u, WINDOW) - WINDOW;
//: }
//#else
const MOST_SEEN: u32 = C;

fn first_seen(position: u32) -> u32 {
  return 0u;
}
//#end

//#if SOFTCAP > 0
//: // By its exponential: WGSL's tanh may be off by 1e-5. The bound keeps exp finite; the quotient is 0 long before.
//: fn cap(score: f32) -> f32 {
//:   return SOFTCAP - 2.0 * SOFTCAP / (exp(min(score * (2.0 / SOFTCAP), 80.0)) + 1.0);
//: }
//#else
fn cap(score: f32) -> f32 {
  return score;
}
//#end
