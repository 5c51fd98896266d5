// Assembles the table of one instruction set. Included last inside its namespace.

namespace {
// Every format of a family unpacks into the same struct.
union Scratch {
  UnpackedFloats floats;
  Matmul256<FormatQ4_K>::Unpacked of_256;
  Matmul32<FormatQ4_0>::Unpacked of_32;
};
}  // namespace

extern const KernelTable kTable;
const KernelTable kTable = {
    .name = kName,
    .lanes = kLanes,
    .scratch_bytes = sizeof(Scratch),
    .panel_bytes = PanelBytes,
    .pack_panel = PackPanel,
    .matmul = Matmul,
    .quantize_256 = Quantize256,
    .quantize_32 = Quantize32,
    .rms_norm = RmsNorm,
    .silu_multiply = SiluMultiplyRow,
    .silu_pairs = SiluPairs,
    .attend = Attend,
    .merge = Merge,
    .to_half = ToHalf,
    .read_stream = ReadStream,
    .int8_peak = Int8Peak,
    .gradients = &kGradients,
    .fits = &kFits,
};
