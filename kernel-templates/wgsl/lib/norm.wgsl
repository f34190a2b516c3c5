//! RMSNorm before a product: lib/norm_part.wgsl while a row is read, lib/norm_sum.wgsl once it is.
//#include "lib/norm_part.wgsl"
//#include "lib/norm_sum.wgsl"
