/* Runs the firmware FILE.elf on simavr, a simulator of AVR microcontrollers that models the cycles of their core.
 *
 * UART 0 is a TCP socket on this computer, one client after the other.  Its port is the kernel's choice and is
 * written, as one decimal line, to the file that CHIPCAST_PORT_FILE names; the core is held until the file that
 * CHIPCAST_GO_FILE names is there.
 *
 * Usage: simavr_board MCU HERTZ FILE.elf; compiled by platform/simulator.py, linked with libsimavr. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>

/* Between two looks at the socket: a tenth of a byte's time on a line of 115,200 baud. */
#define INSTRUCTIONS_AT_ONCE 100

static int listener = -1;
static int client = -1;
static avr_irq_t *input;
static bool may_send = true;
static uint8_t received[4096];
static size_t received_count, received_at;
static uint8_t said[256];
static size_t said_count;

static void fail(const char *what) {
  (void)fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static void listen_and_tell(void) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t length = sizeof address;
  const char *path = getenv("CHIPCAST_PORT_FILE");
  FILE *file = path == NULL ? stdout : fopen(path, "w");
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
      listen(listener, 1) != 0 || getsockname(listener, (struct sockaddr *)&address, &length) != 0) {
    fail("listening on 127.0.0.1");
  }
  if (file == NULL || fprintf(file, "%u\n", (unsigned)ntohs(address.sin_port)) < 0 || fflush(file) != 0) {
    fail("telling the port");
  }
}

static void wait_for_go_file(void) {
  const char *path = getenv("CHIPCAST_GO_FILE");
  const struct timespec pause = {.tv_sec = 0, .tv_nsec = 5000000};
  while (path != NULL && access(path, F_OK) != 0) {
    (void)nanosleep(&pause, NULL);
  }
}

static void drop_client(void) {
  (void)close(client);
  client = -1;
  received_count = received_at = 0;
}

/* What is said while no client is there is lost, as on a cable. */
static void flush(void) {
  size_t sent = 0;
  while (client >= 0 && sent < said_count) {
    const ssize_t count = send(client, said + sent, said_count - sent, MSG_NOSIGNAL);
    if (count >= 0) {
      sent += (size_t)count;
    } else if (errno != EINTR) {
      drop_client();
    }
  }
  said_count = 0;
}

/* Takes what has come, waiting for it for so long at most. */
static void look(int milliseconds) {
  flush();
  struct pollfd wanted = {.fd = client >= 0 ? client : listener, .events = POLLIN, .revents = 0};
  if (received_at < received_count || poll(&wanted, 1, milliseconds) <= 0) {
    return;
  }
  if (client < 0) {
    int on = 1;
    client = accept(listener, NULL, NULL);
    (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return;
  }
  const ssize_t count = recv(client, received, sizeof received, 0);
  received_at = 0;
  received_count = count > 0 ? (size_t)count : 0;
  if (count <= 0) {
    drop_client();
  }
}

/* simavr passes bytes on at the line's rate, and says when its queue is full. */
static void feed(void) {
  while (may_send && received_at < received_count) {
    avr_raise_irq(input, received[received_at++]);
  }
}

static void on_byte(struct avr_irq_t *irq, uint32_t value, void *parameter) {
  (void)irq;
  (void)parameter;
  said[said_count++] = (uint8_t)value;
  if (said_count == sizeof said) {
    flush();
  }
}

static void on_ready(struct avr_irq_t *irq, uint32_t value, void *parameter) {
  (void)irq;
  (void)parameter;
  may_send = value != 0;
}

static void on_full(struct avr_irq_t *irq, uint32_t value, void *parameter) {
  (void)irq;
  (void)parameter;
  may_send = value == 0;
}

/* The core sleeps until its next timer is due: so does this computer for whole milliseconds, unless a byte comes. */
static void on_sleep(avr_t *avr, avr_cycle_count_t cycles) {
  look((int)(cycles / (avr->frequency / 1000u)));
}

int main(int count, char **words) {
  static elf_firmware_t firmware;
  if (count != 4 || elf_read_firmware(words[3], &firmware) != 0) {
    (void)fprintf(stderr, "usage: simavr_board MCU HERTZ FILE.elf\n");
    return 2;
  }
  avr_t *avr = avr_make_mcu_by_name(words[1]);
  if (avr == NULL) {
    (void)fprintf(stderr, "simavr knows no %s\n", words[1]);
    return 2;
  }
  (void)avr_init(avr);
  avr->frequency = (uint32_t)strtoul(words[2], NULL, 10);
  firmware.frequency = avr->frequency;
  avr_load_firmware(avr, &firmware);
  avr->sleep = on_sleep;

  uint32_t flags = 0;
  (void)avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
  flags &= ~(uint32_t)(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POOL_SLEEP);
  (void)avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
  input = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
  avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), on_byte, NULL);
  avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XON), on_ready, NULL);
  avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XOFF), on_full, NULL);

  listen_and_tell();
  wait_for_go_file();
  int state = cpu_Running;
  while (state != cpu_Done && state != cpu_Crashed) {
    for (int i = 0; i < INSTRUCTIONS_AT_ONCE && state != cpu_Done && state != cpu_Crashed; i++) {
      state = avr_run(avr);
    }
    look(0);
    feed();
  }
  flush();
  return state == cpu_Crashed;
}
