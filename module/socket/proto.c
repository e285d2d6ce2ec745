// SPDX-License-Identifier: GPL-2.0
/* struct proto and struct proto_ops: what the socket layer calls. */

#include <linux/module.h>
#include <linux/mm.h>
#include <net/inet_common.h>
#include <net/protocol.h>
#include <net/sock.h>
#include <net/xfrm.h>
#include <xtcp/active.h>
#include <xtcp/af.h>
#include <xtcp/demux.h>
#include <xtcp/due.h>
#include <xtcp/end.h>
#include <xtcp/header.h>
#include <xtcp/icmp.h>
#include <xtcp/input.h>
#include <xtcp/listen.h>
#include <xtcp/listener.h>
#include <xtcp/memory.h>
#include <xtcp/port.h>
#include <xtcp/push.h>
#include <xtcp/queue.h>
#include <xtcp/receive.h>
#include <xtcp/relief.h>
#include <xtcp/reserve.h>
#include <xtcp/socket.h>
#include <xtcp/timewait.h>

/* --- memory of all xtcp sockets (man tcp(7), tcp_mem) -------------------- */

static atomic_long_t memory_allocated;
static DEFINE_PER_CPU(int, per_cpu_fw_alloc);
static struct percpu_counter sockets_allocated;
static long sysctl_mem[3];		/* pages: low, pressure, high */
/* The floor only; what a socket starts with is a knob of its namespace. */
static int sysctl_rmem[3] = { 4096, 4096, 4096 };
static int sysctl_wmem[3] = { 4096, 4096, 4096 };

/* A sixteenth of memory is pressure, three 32nds the end: as tcp_mem of the kernel. */
static void size_memory(void)
{
	unsigned long limit = max(nr_free_buffer_pages() / 16, 128UL);

	sysctl_mem[0] = limit / 4 * 3;
	sysctl_mem[1] = limit;
	sysctl_mem[2] = sysctl_mem[0] * 2;
}

/* --- birth and death of a socket ----------------------------------------- */

static void destruct(struct sock *sk)
{
	xtcp_fastopen_free(sk);
	xtcp_own_free(xtcp_sk(sk)->own);
	inet_sock_destruct(sk);
}

static int init(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_net *xn = xtcp_net(sock_net(sk));

	xs->xn = xn;
	xs->af = xtcp_af_ops(sk->sk_family);
	xs->flow.kind = XTCP_FLOW_SOCKET;
	xs->flow.family = sk->sk_family;
	write_pnet(&xs->flow.net, sock_net(sk));
	xs->flow.protocol = IPPROTO_XTCP;
	xs->tcb.state = XTCP_CLOSED;
	xs->own = &xtcp_own_none;
	xtcp_due_init(sk);
	xtcp_reset_connection(sk);
	sk->sk_destruct = destruct;
	sk->sk_write_space = xtcp_write_space;
	xtcp_set_custom_sockopt(sk->sk_socket);
	/* Only acknowledged text makes room, not what left the device. */
	sock_set_flag(sk, SOCK_USE_WRITE_QUEUE);
	sock_set_flag(sk, SOCK_RCU_FREE);
	WRITE_ONCE(sk->sk_sndbuf, xtcp_knob(xn, wmem_default));
	WRITE_ONCE(sk->sk_rcvbuf, xtcp_knob(xn, rmem_default));
	sk_sockets_allocated_inc(sk);
	sock_prot_inuse_add(sock_net(sk), sk->sk_prot, 1);
	return 0;
}

/* proto->destroy: all that was ours goes; also after a failed socket(). */
static void destroy(struct sock *sk)
{
	xtcp_timers_stop(sk);
	xtcp_queue_purge(sk);
	xtcp_receive_purge(sk);
	xtcp_port_release(sk);
	xtcp_reserve_leave(xtcp_sk_net(sk), xtcp_sk(sk)->flow.protocol);
	xtcp_timewait_choose_queue(sk, XTCP_OWN_UNSET);
	sk_sockets_allocated_dec(sk);
	sock_prot_inuse_add(sock_net(sk), sk->sk_prot, -1);
}

/* --- the calls ------------------------------------------------------------ */

/*
 * Before connect(), also that of MSG_FASTOPEN: the cgroup's programs, which forbid it
 * or change the address, see no more than the user gave. Socket lock.
 */
static int pre_connect(struct sock *sk, xtcp_sockaddr_t *addr, int len)
{
	if (len < (int)sizeof(struct sockaddr_in))
		return -EINVAL;
	return xtcp_cgroup_connect4(sk, addr, &len);
}

static int connect(struct sock *sk, xtcp_sockaddr_t *addr, int len)
{
	return xtcp_active_connect(sk, (struct sockaddr *)addr, len);
}

static struct sock *accept_child(XTCP_ACCEPT_PARAMS)
{
	struct sock *child = xtcp_listen_accept(sk, XTCP_ACCEPT_FLAGS, XTCP_ACCEPT_ERR);

	if (!child)
		return NULL;
	xtcp_memory_accepted(child);
	lock_sock(child);
	xtcp_receive_quick_again(&xtcp_sk(child)->rcv);
	release_sock(child);
	return child;
}

static int accept(XTCP_SOCK_ACCEPT_PARAMS)
{
	int err = XTCP_INET_ACCEPT;

	if (!err)
		xtcp_set_custom_sockopt(newsock);
	return err;
}

static int listen(struct socket *sock, int backlog)
{
	struct sock *sk = sock->sk;
	int err = -EINVAL;

	lock_sock(sk);
	if (sock->state == SS_UNCONNECTED &&
	    ((1 << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN)))
		err = xtcp_listen_start(sk, backlog);
	release_sock(sk);
	return err;
}

/*
 * The user lets go of the lock: what came due meanwhile, unless it was for a connection
 * that he ended: disconnecting forgets it (xtcp_reset_connection()).
 */
static void release_cb(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	/* Text carries the ACK, if it goes. */
	xtcp_push_deferred(sk);
	if (xs->rcv.ack_deferred)
		xtcp_input_ack_deferred(sk);
	if (xs->timer_deferred)
		xtcp_due_deferred(sk);
	if (xs->pmtu_deferred)
		xtcp_icmp_pmtu_deferred(sk);
}

static void keepalive(struct sock *sk, int on)
{
	xtcp_timers_keepalive_set(sk, on);
}

static void unhash(struct sock *sk)
{
	xtcp_flow_remove(&xtcp_sk(sk)->flow);
}

/* SO_BINDTODEVICE */
static void rehash(struct sock *sk)
{
	xtcp_listener_rehash(sk);
	xtcp_port_moved(sk);
}

struct proto xtcp_prot = {
	.name			= "XTCP",
	.owner			= THIS_MODULE,
	.obj_size		= sizeof(struct xtcp_sock),
	.init			= init,
	.destroy		= destroy,
	.close			= xtcp_close,
	.pre_connect		= pre_connect,
	.connect		= connect,
	.disconnect		= xtcp_disconnect,
	.diag_destroy		= xtcp_abort,
	.accept			= accept_child,
	.ioctl			= xtcp_ioctl,
	.shutdown		= xtcp_shutdown,
	.setsockopt		= xtcp_setsockopt,
	.getsockopt		= xtcp_getsockopt,
	.keepalive		= keepalive,
	.sendmsg		= xtcp_sendmsg,
	.recvmsg		= xtcp_recvmsg,
	.backlog_rcv		= xtcp_demux_backlog,
	.release_cb		= release_cb,
	.unhash			= unhash,
	.rehash			= rehash,
	.get_port		= xtcp_port_bind,
	.put_port		= xtcp_port_release,
	.sockets_allocated	= &sockets_allocated,
	.stream_memory_free	= xtcp_stream_memory_free,
	.memory_allocated	= &memory_allocated,
	.per_cpu_fw_alloc	= &per_cpu_fw_alloc,
	.memory_pressure	= &xtcp_relief_pressure,
	.enter_memory_pressure	= xtcp_relief_enter,
	.leave_memory_pressure	= xtcp_relief_leave,
	.sysctl_mem		= sysctl_mem,
	.sysctl_rmem		= sysctl_rmem,
	.sysctl_wmem		= sysctl_wmem,
	.max_header		= XTCP_HEADROOM,
	.no_autobind		= true,
};

const struct proto_ops xtcp_stream_ops = {
	.family		= PF_INET,
	.owner		= THIS_MODULE,
	.release	= inet_release,
	.bind		= inet_bind,
	.connect	= inet_stream_connect,
	.socketpair	= sock_no_socketpair,
	.accept		= accept,
	.getname	= inet_getname,
	.poll		= xtcp_poll,
	.ioctl		= inet_ioctl,
	.gettstamp	= sock_gettstamp,
	.listen		= listen,
	.shutdown	= inet_shutdown,
	.setsockopt	= sock_common_setsockopt,
	.getsockopt	= sock_common_getsockopt,
	.sendmsg	= inet_sendmsg,
	.recvmsg	= inet_recvmsg,
	.mmap		= sock_no_mmap,
	XTCP_SENDPAGE
	XTCP_SPLICE_EOF
	.splice_read	= xtcp_splice_read,
	.set_rcvlowat	= xtcp_set_rcvlowat,
	.set_peek_off	= sk_set_peek_off,
};

static struct inet_protosw protosw = {
	.type		= SOCK_STREAM,
	.protocol	= IPPROTO_XTCP,
	.prot		= &xtcp_prot,
	.ops		= &xtcp_stream_ops,
	.flags		= 0,
};

int xtcp_proto_register(void)
{
	int err;

	size_memory();
	err = percpu_counter_init(&sockets_allocated, 0, GFP_KERNEL);
	if (err)
		return err;
	err = proto_register(&xtcp_prot, 1);
	if (err) {
		percpu_counter_destroy(&sockets_allocated);
		return err;
	}
	inet_register_protosw(&protosw);
	return 0;
}

void xtcp_proto_unregister(void)
{
	inet_unregister_protosw(&protosw);
	proto_unregister(&xtcp_prot);
	xtcp_relief_exit();
	percpu_counter_destroy(&sockets_allocated);
}
