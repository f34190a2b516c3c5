//! Reductions over each LANES neighbouring lanes of a workgroup of WG; every lane gets the result. Both shapes
//! have the same functions, of type Reduced (f32 or a vector of them). They hold barriers: call them from
//! uniform control flow. The kernel declares WG, LANES (powers of two) and Reduced.
//#option SUBGROUPS false|true
//#if SUBGROUPS
//#include "lib/reduce_subgroups.wgsl"
//#else
//#include "lib/reduce_memory.wgsl"
//#end
