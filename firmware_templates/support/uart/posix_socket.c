/* The line to the host as a TCP socket on this computer: one client after the other, as on a serial port.
 *
 * The port is the kernel's choice and is written, as one decimal line, to the file that CHIPCAST_PORT_FILE names.
 * Nothing is said before the file that CHIPCAST_GO_FILE names is there: a client that has just connected may still be
 * emptying its buffers.  The process ends when nobody connects within CHIPCAST_ACCEPT_SECONDS, or when the process that
 * started it is gone. */
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

#include "chipcast_board.h"

#define DEFAULT_ACCEPT_SECONDS 3600
/* How often the process that started this one is looked for. */
#define LOOK_MILLISECONDS 500

static int listener = -1;
static int client = -1;
static pid_t starter;
static long accept_seconds = DEFAULT_ACCEPT_SECONDS;
static uint8_t received[4096];
static size_t received_count, received_at;
static char unsent[4096];
static size_t unsent_count;

static void fail(const char *what) {
  (void)fprintf(stderr, "chipcast host firmware: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void write_port_file(unsigned port) {
  const char *path = getenv("CHIPCAST_PORT_FILE");
  if (path == NULL) {
    (void)printf("%u\n", port);
    (void)fflush(stdout);
    return;
  }
  FILE *file = fopen(path, "w");
  if (file == NULL || fprintf(file, "%u\n", port) < 0 || fclose(file) != 0) {
    fail(path);
  }
}

static void wait_until_readable(int descriptor, bool bounded) {
  for (long waited = 0; !bounded || waited < accept_seconds * 1000; waited += LOOK_MILLISECONDS) {
    struct pollfd poll_descriptor = {.fd = descriptor, .events = POLLIN, .revents = 0};
    int ready = poll(&poll_descriptor, 1, LOOK_MILLISECONDS);
    if (ready > 0) {
      return;
    }
    if (ready < 0 && errno != EINTR) {
      fail("poll");
    }
    if (getppid() != starter) {
      exit(0);
    }
  }
  exit(0);
}

static void wait_for_go_file(void) {
  const char *path = getenv("CHIPCAST_GO_FILE");
  const struct timespec pause = {.tv_sec = 0, .tv_nsec = 5000000};
  while (path != NULL && access(path, F_OK) != 0 && getppid() == starter) {
    (void)nanosleep(&pause, NULL);
  }
}

static void accept_client(void) {
  while (client < 0) {
    int on = 1;
    wait_until_readable(listener, true);
    client = accept(listener, NULL, NULL);
    if (client >= 0) {
      (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
  }
}

static void drop_client(void) {
  (void)close(client);
  client = -1;
  received_count = received_at = unsent_count = 0;
}

/* What is written while no client is there is lost, as on a cable. */
static void flush(void) {
  size_t sent = 0;
  while (client >= 0 && sent < unsent_count) {
    ssize_t count = send(client, unsent + sent, unsent_count - sent, MSG_NOSIGNAL);
    if (count >= 0) {
      sent += (size_t)count;
    } else if (errno != EINTR) {
      drop_client();
    }
  }
  unsent_count = 0;
}

void chipcast_uart_start(void) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t length = sizeof address;
  const char *seconds = getenv("CHIPCAST_ACCEPT_SECONDS");
  if (seconds != NULL && strtol(seconds, NULL, 10) > 0) {
    accept_seconds = strtol(seconds, NULL, 10);
  }
  starter = getppid();
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
      listen(listener, 1) != 0 || getsockname(listener, (struct sockaddr *)&address, &length) != 0) {
    fail("listening on 127.0.0.1");
  }
  write_port_file(ntohs(address.sin_port));
  accept_client();
  wait_for_go_file();
}

void chipcast_uart_interrupt(void) {}

uint8_t chipcast_uart_read(void) {
  while (received_at == received_count) {
    flush();
    if (client < 0) {
      accept_client();
    }
    wait_until_readable(client, false);
    ssize_t count = recv(client, received, sizeof received, 0);
    received_at = 0;
    received_count = count > 0 ? (size_t)count : 0;
    if (count == 0 || (count < 0 && errno != EINTR)) {
      drop_client();
    }
  }
  return received[received_at++];
}

void chipcast_uart_write(const char *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (unsent_count == sizeof unsent) {
      flush();
    }
    unsent[unsent_count++] = bytes[i];
  }
}
