// Assembles the table of one instruction set. Included last inside its namespace.

// Every format of a family unpacks into the same struct.
constexpr size_t kScratch256 = sizeof(Matmul256<FormatQ4_K>::Unpacked);
constexpr size_t kScratch32 = sizeof(Matmul32<FormatQ4_0>::Unpacked);

extern const KernelTable kTable;
const KernelTable kTable = {
    .name = kName,
    .lanes = kLanes,
    .scratch_bytes = kScratch256 > kScratch32 ? kScratch256 : kScratch32,
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
