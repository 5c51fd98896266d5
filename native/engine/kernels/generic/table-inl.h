// Assembles the table of one instruction set. Included last inside its namespace.

extern const KernelTable kTable;
const KernelTable kTable = {
    .name = kName,
    .lanes = kLanes,
    .scratch_bytes = sizeof(Unpacked256) > sizeof(Unpacked32) ? sizeof(Unpacked256) : sizeof(Unpacked32),
    .panel_bytes = PanelBytes,
    .pack_panel = PackPanel,
    .matmul = Matmul,
    .quantize_256 = Quantize256,
    .quantize_32 = Quantize32,
    .rms_norm = RmsNorm,
    .silu_multiply = SiluMultiplyRow,
    .attend = Attend,
    .merge = Merge,
    .to_half = ToHalf,
    .read_stream = ReadStream,
    .int8_peak = Int8Peak,
};
