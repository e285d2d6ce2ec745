// SPDX-License-Identifier: GPL-2.0
/*
 * Prints the protocol of stream sockets that are opened in turn: by the process, a thread of it, a child of it, a
 * program that this becomes. 253 each time, where all is xtcp's.
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void *show(void *family)
{
	int fd = socket(*(int *)family, SOCK_STREAM, 0), protocol = -1;
	socklen_t len = sizeof(protocol);

	if (fd >= 0)
		getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len);
	close(fd);
	printf("%d\n", protocol);
	fflush(stdout);
	return NULL;
}

int main(int argc, char **argv)
{
	int families[] = { AF_INET, AF_INET6 };
	pthread_t thread;

	show(&families[0]);
	if (argc > 1)
		return 0;
	show(&families[1]);
	pthread_create(&thread, NULL, show, &families[0]);
	pthread_join(thread, NULL);
	if (fork() == 0) {
		show(&families[0]);
		execl("/proc/self/exe", argv[0], "once", NULL);
	}
	wait(NULL);
	return 0;
}
