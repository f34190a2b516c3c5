/** Words of WGSL that mean something by themselves (https://www.w3.org/TR/WGSL/, sections 2.4, 15 and 17). */

const words = (text: string) => text.trim().split(/\s+/)

/** Keywords and reserved words: no identifier can be one of them. */
const RESERVED = words(`
alias break case const const_assert continue continuing default diagnostic discard else enable false fn for
if let loop override requires return struct switch true var while
NULL Self abstract active alignas alignof as asm asm_fragment async attribute auto await become cast catch
class co_await co_return co_yield coherent column_major common compile compile_fragment concept const_cast
consteval constexpr constinit crate debugger decltype delete demote demote_to_helper do dynamic_cast enum
explicit export extends extern external fallthrough filter final finally friend from fxgroup get goto
groupshared highp impl implements import inline instanceof interface layout lowp macro macro_rules match
mediump meta mod module move mut mutable namespace new nil noexcept noinline nointerpolation non_coherent
noncoherent noperspective null nullptr of operator package packoffset partial pass patch pixelfragment precise
precision premerge priv protected pub public readonly ref regardless register reinterpret_cast require resource
restrict self set shared sizeof smooth snorm static static_assert static_cast std subroutine super target
template this thread_local throw trait try type typedef typeid typename typeof union unless unorm unsafe
unsized use using varying virtual volatile wgsl where with writeonly yield`)

const shapes = ['2', '3', '4']
const VECTORS = shapes.flatMap((n) => ['', 'f', 'h', 'i', 'u'].map((t) => `vec${n}${t}`))
const MATRICES = shapes.flatMap((c) => shapes.flatMap((r) => ['', 'f', 'h'].map((t) => `mat${c}x${r}${t}`)))
const TEXTURES = words(`1d 2d 2d_array 3d cube cube_array multisampled_2d depth_2d depth_2d_array depth_cube
  depth_cube_array depth_multisampled_2d external storage_1d storage_2d storage_2d_array storage_3d`)
const FORMATS = ['r', 'rg', 'rgba'].flatMap((c) =>
  words('8unorm 8snorm 8uint 8sint 16unorm 16snorm 16uint 16sint 16float 32uint 32sint 32float').map(
    (t) => c + t,
  ),
)

/** Types, enumerants and built-in functions: they could be shadowed, so they are never given or taken. */
const PREDECLARED = [
  ...words('bool f16 f32 i32 u32 array atomic ptr sampler sampler_comparison subgroup_matrix_left'),
  ...words(
    'subgroup_matrix_right subgroup_matrix_result binding_array buffer texel_buffer i8 u8 i64 u64 f64',
  ),
  ...VECTORS,
  ...MATRICES,
  ...TEXTURES.map((t) => `texture_${t}`),
  ...FORMATS,
  ...words('bgra8unorm rgb10a2unorm rgb10a2uint rg11b10ufloat'),
  ...words('read write read_write function private workgroup uniform storage push_constant immediate handle'),
  ...words(`
bitcast all any select arrayLength abs acos acosh asin asinh atan atanh atan2 ceil clamp cos cosh
countLeadingZeros countOneBits countTrailingZeros cross degrees determinant distance dot dot4U8Packed
dot4I8Packed exp exp2 extractBits faceForward firstLeadingBit firstTrailingBit floor fma fract frexp
insertBits inverseSqrt ldexp length log log2 max min mix modf normalize pow quantizeToF16 radians reflect
refract reverseBits round saturate sign sin sinh smoothstep sqrt step tan tanh transpose trunc dpdx
dpdxCoarse dpdxFine dpdy dpdyCoarse dpdyFine fwidth fwidthCoarse fwidthFine textureDimensions textureGather
textureGatherCompare textureLoad textureNumLayers textureNumLevels textureNumSamples textureSample
textureSampleBias textureSampleCompare textureSampleCompareLevel textureSampleGrad textureSampleLevel
textureSampleBaseClampToEdge textureStore atomicLoad atomicStore atomicAdd atomicSub atomicMax atomicMin
atomicAnd atomicOr atomicXor atomicExchange atomicCompareExchangeWeak pack4x8snorm pack4x8unorm pack4xI8
pack4xU8 pack4xI8Clamp pack4xU8Clamp pack2x16snorm pack2x16unorm pack2x16float unpack4x8snorm unpack4x8unorm
unpack4xI8 unpack4xU8 unpack2x16snorm unpack2x16unorm unpack2x16float storageBarrier textureBarrier
workgroupBarrier workgroupUniformLoad subgroupAdd subgroupExclusiveAdd subgroupInclusiveAdd subgroupAll
subgroupAnd subgroupAny subgroupBallot subgroupBroadcast subgroupBroadcastFirst subgroupElect subgroupMax
subgroupMin subgroupMul subgroupExclusiveMul subgroupInclusiveMul subgroupOr subgroupShuffle
subgroupShuffleDown subgroupShuffleUp subgroupShuffleXor subgroupXor subgroupBarrier subgroupMatrixLoad
subgroupMatrixStore subgroupMatrixMultiply subgroupMatrixMultiplyAccumulate subgroupMatrixScalarAdd
subgroupMatrixScalarSubtract subgroupMatrixScalarMultiply quadBroadcast quadSwapDiagonal quadSwapX quadSwapY
bufferView bufferLength print`),
]

/** Words that a renamed identifier may not become, and that are kept where a module declares them. */
export const TAKEN: ReadonlySet<string> = new Set([...RESERVED, ...PREDECLARED])

/** Members of what built-in functions return. */
export const RESULT_MEMBERS: ReadonlySet<string> = new Set([
  'fract',
  'whole',
  'exp',
  'old_value',
  'exchanged',
])

/** Attributes whose arguments are words of the language, not expressions. */
export const WORD_ATTRIBUTES: ReadonlySet<string> = new Set(['builtin', 'interpolate', 'diagnostic'])

/** Attributes that make a function an entry point. */
export const STAGES: ReadonlySet<string> = new Set(['compute', 'vertex', 'fragment'])
