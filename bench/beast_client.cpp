// beast_client.cpp - Boost.Beast as its synchronous examples use it: one write
// and one read call for each message, default buffers.
//
// With NAGLE=1 the kernel may hold small messages back to send more at once,
// as it does where nobody sets TCP_NODELAY; a message may then wait for 40 ms.
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "job.h"

namespace asio = boost::asio;
namespace beast = boost::beast;

using stream = beast::websocket::stream<asio::ip::tcp::socket>;

static void
say(stream &ws, const std::string &text)
{
    ws.text(true);
    ws.write(asio::buffer(text));
    ws.binary(true);
}

static void
round_trips(stream &ws, job &job)
{
    std::vector<char> message(job.size, 'x');
    beast::flat_buffer answer;

    job_begin(&job);
    for (uint64_t i = 0; i < job.count; i++) {
        uint64_t began_ns = job_now_ns();

        ws.write(asio::buffer(message));
        answer.clear();
        ws.read(answer);
        job_lap(&job, began_ns);
        if (answer.size() != job.size) {
            job_fail(job.url, "an echo of another size");
        }
    }
    job_end(&job);
}

static void
publish(stream &ws, job &job)
{
    std::vector<char> message(job.size, 'x');
    beast::flat_buffer answer;
    std::string text;

    job_begin(&job);
    for (uint64_t i = 0; i < job.count; i++) {
        ws.write(asio::buffer(message));
    }
    say(ws, "?");
    ws.read(answer);
    job_end(&job);
    text = beast::buffers_to_string(answer.data());
    job_check_count(&job, text.data(), text.size());
}

static void
subscribe(stream &ws, job &job)
{
    beast::flat_buffer message;

    job_begin(&job);
    say(ws, "go " + std::to_string(job.count) + " " + std::to_string(job.size));
    for (uint64_t i = 0; i < job.count; i++) {
        message.clear();
        ws.read(message);
        if (message.size() != job.size) {
            job_fail(job.url, "a message of another size");
        }
    }
    job_end(&job);
}

int
main(int argc, char **argv)
{
    job job;

    job_read(&job, argc, argv);
    try {
        asio::io_context io;
        asio::ip::tcp::resolver resolver(io);
        stream ws(io);

        asio::connect(ws.next_layer(), resolver.resolve(job.host, job.port));
        ws.next_layer().set_option(
            asio::ip::tcp::no_delay(std::getenv("NAGLE") == nullptr));
        ws.handshake(std::string(job.host) + ":" + job.port, job.path);
        ws.binary(true);
        if (job.work == JOB_RTT) {
            round_trips(ws, job);
        } else if (job.work == JOB_PUB) {
            publish(ws, job);
        } else {
            subscribe(ws, job);
        }
    } catch (const std::exception &error) {
        job_fail(job.url, error.what());
    }
    return job_report(&job);
}
