/* A QEMU TCG plugin: how often every instruction was executed between marks, and from where it was reached.
 *
 * Arguments: marks=FILE (addresses in hexadecimal, one a line) and out=FILE. At each mark, just before the
 * instruction there is executed, `out` gets all that was executed since the mark before, an instruction a line
 *     address executions left entered unaligned
 * and then `mark ADDRESS`. `left`: how often the next instruction was not the following one (a branch taken);
 * `entered`: how often the one before was not the preceding one; `unaligned`: extra cycles of unaligned accesses
 * on a Cortex-M4, one for a half-aligned word or an odd half-word, two for an odd word. Nothing is counted before
 * the first mark.
 *
 * Debian ships no header for QEMU's plugin interface (version 1, docs/devel/tcg-plugins.rst); these are the
 * few declarations needed.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VISIBLE __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { CALLBACK_USES_NO_REGISTERS = 0, READS_AND_WRITES = 3 };

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*callback)(uint64_t, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, void (*callback)(unsigned, void *),
                                            int flags, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
                                      void (*callback)(unsigned, uint32_t, uint64_t, void *), int flags, int kinds,
                                      void *data);
unsigned qemu_plugin_mem_size_shift(uint32_t info);

VISIBLE int qemu_plugin_version = 1;
VISIBLE int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

/* Code lies in the first CODE_BYTES of the address space. */
#define CODE_BYTES (1u << 22)
#define PLACES (CODE_BYTES / 2)

struct count {
    uint64_t executions, left, entered, unaligned;
    uint32_t size;
    bool is_mark;
};

static struct count *counts;
static struct count *before;
static uint32_t places_used;
static bool counting;
static FILE *out;

static void write_counts(const struct count *mark)
{
    for (uint32_t i = 0; counting && i < places_used; ++i) {
        struct count *c = &counts[i];
        if (c->executions != 0) {
            fprintf(out, "%" PRIx32 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", 2 * i, c->executions,
                    c->left, c->entered, c->unaligned);
            c->executions = c->left = c->entered = c->unaligned = 0;
        }
    }
    fprintf(out, "mark %" PRIx32 "\n", (uint32_t)(2 * (mark - counts)));
    fflush(out);
    counting = true;
}

static void executed(unsigned cpu, void *data)
{
    struct count *c = data;
    (void)cpu;
    if (counting && before != NULL && before + before->size / 2 != c) {
        before->left += 1;
        c->entered += 1;
    }
    if (c->is_mark) {
        write_counts(c);
    }
    if (counting) {
        c->executions += 1;
    }
    before = c;
}

static void accessed(unsigned cpu, uint32_t info, uint64_t address, void *data)
{
    const unsigned shift = qemu_plugin_mem_size_shift(info);
    (void)cpu;
    if (counting && shift != 0 && (address & ((1u << (shift > 2 ? 2 : shift)) - 1u)) != 0) {
        ((struct count *)data)->unaligned += shift == 1 || (address & 1u) == 0 ? 1 : 2;
    }
}

/* By the first half-word (Armv7-M Architecture Reference Manual, A5.1): QEMU's own figure is wrong where an
 * instruction lies across two pages. */
static uint32_t thumb_size(const uint8_t *code)
{
    return code[1] >= 0xE8 ? 4 : 2;
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); ++i) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const uint64_t address = qemu_plugin_insn_vaddr(insn);
        if (address < CODE_BYTES) {
            struct count *c = &counts[address / 2];
            places_used = address / 2 < places_used ? places_used : (uint32_t)(address / 2 + 1);
            c->size = thumb_size(qemu_plugin_insn_data(insn));
            qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, CALLBACK_USES_NO_REGISTERS, c);
            qemu_plugin_register_vcpu_mem_cb(insn, accessed, CALLBACK_USES_NO_REGISTERS, READS_AND_WRITES, c);
        }
    }
}

static int read_marks(const char *path)
{
    uint32_t address;
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return -1;
    }
    while (fscanf(file, "%" SCNx32, &address) == 1) {
        if (address < CODE_BYTES) {
            counts[address / 2].is_mark = true;
        }
    }
    return fclose(file);
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
    (void)info;
    counts = calloc(PLACES, sizeof *counts);
    for (int i = 0; counts != NULL && i < argc; ++i) {
        if (strncmp(argv[i], "marks=", 6) == 0 && read_marks(argv[i] + 6) != 0) {
            return -1;
        }
        if (strncmp(argv[i], "out=", 4) == 0) {
            out = fopen(argv[i] + 4, "w");
        }
    }
    if (counts == NULL || out == NULL) {
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
