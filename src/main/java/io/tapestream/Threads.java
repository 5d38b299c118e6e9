package io.tapestream;

import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/** Makes the threads of one role, named after it. None keeps the process alive: the command does. */
final class Threads implements ThreadFactory {
    private final String role;
    private final AtomicInteger made = new AtomicInteger();

    Threads(String role) {
        this.role = role;
    }

    @Override
    public Thread newThread(Runnable work) {
        int number = made.getAndIncrement();
        Thread thread = new Thread(work, number == 0 ? role : role + "-" + number);
        thread.setDaemon(true);
        return thread;
    }
}
