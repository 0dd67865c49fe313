"use strict";
/* Runs the firmware FILE.elf on rp2040js, an emulator of the RP2040 that models the cycles of its core.
 *
 * UART0 is a TCP socket on this computer, one client after the other.  Its port is the kernel's choice and is
 * written, as one decimal line, to the file that CHIPCAST_PORT_FILE names; the core is held until the file that
 * CHIPCAST_GO_FILE names is there.  While the core sleeps and nothing is to come, nothing is computed.
 *
 * Usage: node rp2040.cjs FILE.elf; `node rp2040.cjs --version` only says which rp2040js was found. */
const fs = require("fs");
const net = require("net");
const os = require("os");
const path = require("path");

/* The clock the RP2040 has after the C SDK's start-up, and rp2040js without any. */
const NANOSECONDS_PER_CYCLE = 1e9 / 125e6;
const INSTRUCTIONS_AT_ONCE = 100000;
const FLASH = 0x10000000;
const UART_RECEIVE_FULL = 0x40; /* UARTFR.RXFF */
const PT_LOAD = 1;

function folders() {
  const cache = process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache");
  return [
    process.env.CHIPCAST_NODE_DIR || path.join(cache, "chipcast", "node"),
    path.join(path.dirname(process.execPath), "..", "lib"),
  ];
}

function emulator() {
  try {
    return require.resolve("rp2040js", { paths: folders() });
  } catch {
    console.error("rp2040js is not installed.");
    process.exit(2);
  }
}

function version(file) {
  const folder = file.slice(0, file.lastIndexOf(`${path.sep}dist${path.sep}`));
  return JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8")).version;
}

/* What is programmed, by the ELF file's program headers (System V ABI, 32 bits, little endian). */
function program(flash, file) {
  const elf = fs.readFileSync(file);
  const start = elf.readUInt32LE(28);
  const size = elf.readUInt16LE(42);
  const count = elf.readUInt16LE(44);
  for (let at = start; at < start + size * count; at += size) {
    const offset = elf.readUInt32LE(at + 4);
    const address = elf.readUInt32LE(at + 12);
    const bytes = elf.readUInt32LE(at + 16);
    if (elf.readUInt32LE(at) === PT_LOAD && bytes > 0) {
      flash.set(elf.subarray(offset, offset + bytes), address - FLASH);
    }
  }
}

class Line {
  constructor() {
    this.client = null;
    this.received = [];
    this.said = [];
    this.onData = () => {};
    this.server = net.createServer((socket) => {
      if (this.client !== null) {
        socket.destroy();
        return;
      }
      this.client = socket;
      socket.setNoDelay(true);
      socket.on("data", (data) => {
        this.received.push(...data);
        this.onData();
      });
      const gone = () => {
        this.client = null;
        this.received = [];
      };
      socket.on("close", gone);
      socket.on("error", gone);
    });
  }

  listen(portFile) {
    this.server.listen(0, "127.0.0.1", () => {
      const text = `${this.server.address().port}\n`;
      if (portFile) {
        fs.writeFileSync(portFile, text);
      } else {
        process.stdout.write(text);
      }
    });
  }

  /* What is said while no client is there is lost, as on a cable. */
  flush() {
    if (this.said.length > 0) {
      if (this.client !== null) {
        this.client.write(Buffer.from(this.said));
      }
      this.said = [];
    }
  }
}

function run(rp2040, line) {
  const uart = rp2040.uart[0];
  let scheduled = false;
  const feed = () => {
    let count = 0;
    while (count < line.received.length && (uart.flags & UART_RECEIVE_FULL) === 0) {
      uart.feedByte(line.received[count++]);
    }
    line.received.splice(0, count);
  };
  const turn = () => {
    scheduled = false;
    feed();
    for (let i = 0; i < INSTRUCTIONS_AT_ONCE && !rp2040.core.waiting; i++) {
      rp2040.clock.tick(rp2040.core.executeInstruction() * NANOSECONDS_PER_CYCLE);
    }
    line.flush();
    if (!rp2040.core.waiting || line.received.length > 0) {
      schedule();
    }
  };
  const schedule = () => {
    if (!scheduled) {
      scheduled = true;
      setImmediate(turn);
    }
  };
  uart.onByte = (byte) => line.said.push(byte);
  line.onData = schedule;
  schedule();
}

function main(file) {
  const found = emulator();
  if (file === "--version") {
    console.log(version(found));
    return;
  }
  const { RP2040 } = require(found);
  const rp2040 = new RP2040();
  rp2040.logger = { debug() {}, info() {}, warn() {}, error: (component, text) => console.error(component, text) };
  program(rp2040.flash, file);
  /* What the boot ROM and the second stage leave behind. */
  rp2040.core.VTOR = FLASH;
  rp2040.core.reset();
  const line = new Line();
  line.listen(process.env.CHIPCAST_PORT_FILE);
  const goFile = process.env.CHIPCAST_GO_FILE;
  const begin = () => (!goFile || fs.existsSync(goFile) ? run(rp2040, line) : setTimeout(begin, 5));
  begin();
}

main(process.argv[2]);
